/** Why an application could not be loaded: python/kirin_worker/load_failure.py writes it. */
export interface LoadFailure {
  /** As the log has it: with the traceback, if there is one. */
  readonly message: string;
  /** One line of it, such as `SyntaxError: invalid syntax`. */
  readonly error: string;
  /** The line to look at first, with those around it; null: none is to blame. */
  readonly place: {
    readonly file: string;
    readonly line: number;
    /** The number of the first of `lines`. */
    readonly first: number;
    readonly lines: readonly string[];
  } | null;
}
