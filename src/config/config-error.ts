import { KirinError } from '../base/errors.ts';

/** One thing that is wrong with the configuration. */
export interface Problem {
  /** 'form' is what argparse would refuse (exit code 2); 'meaning' is well formed, but cannot be (exit code 1). */
  readonly fault: 'form' | 'meaning';
  readonly message: string;
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
