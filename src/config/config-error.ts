import { KirinError } from '../base/errors.ts';

/** One thing that is wrong with the configuration. */
export interface Problem {
  /** 'form' is what argparse would refuse (exit code 2); 'meaning' is well formed, but cannot be (exit code 1). */
  readonly fault: 'form' | 'meaning';
  readonly message: string;
}

/** A configuration file that raises an exception. */
export class ConfigFileFailure extends KirinError {
  readonly file: string;

  constructor(file: string, traceback: string) {
    super('config-file-unusable', `${file} failed:`, traceback);
    this.file = file;
  }
}

/** A configuration file that has ended the program, by sys.exit(). */
export class ConfigFileExit extends KirinError {
  readonly #status: number | string | null;

  constructor(file: string, status: number | string | null) {
    const shown = status === null ? '' : typeof status === 'string' ? `: ${status}` : `, with ${status}`;
    super('config-file-unusable', `${file} calls sys.exit()${shown}`);
    this.#status = status;
  }

  /** As Python's own: a text is a failure, nothing at all is none. */
  override get exitCode(): number {
    if (this.#status === null) return 0;
    return typeof this.#status === 'number' ? this.#status & 0xff : 1;
  }
}

/** Everything that is wrong with the configuration, in one error. */
export class ConfigError extends KirinError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const code = problems.some((problem) => problem.fault === 'form') ? 'usage' : 'config-invalid';
    super(code, problems.map((problem) => problem.message).join('\n'));
    this.problems = problems;
  }
}
