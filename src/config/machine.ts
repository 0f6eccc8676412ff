/** What resolving a configuration may ask of the machine. Injected, so that resolving is a function of its inputs. */
export interface Machine {
  /** A file's text, or null when it cannot be read. */
  readonly readFile: (path: string) => string | null;
  readonly isFolder: (path: string) => boolean;
  /** Whether there is anything. */
  readonly exists: (path: string) => boolean;
  /** Cores that the scheduler lets this process run on. */
  readonly schedulableCores: () => number;
  readonly uid: number;
  readonly gid: number;
}

/** What a setting's value may depend on besides its own text. */
export interface ReadContext {
  readonly machine: Machine;
  readonly cwd: string;
}
