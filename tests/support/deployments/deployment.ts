import type { Site } from './site.ts';

/** What a client or an operator does to a running site, and what comes of it. */
export interface Step {
  readonly what: string;
  /** Under the names of what was looked at. */
  act(site: Site): Promise<Facts>;
}

export type Facts = Readonly<Record<string, string>>;

/** A site as somebody deploys it: the same files and the same command line for Gunicorn and for Kirin. */
export interface Deployment {
  readonly name: string;
  /** Whose documentation or habit has such a thing. */
  readonly after: string;
  /** Why it cannot be run here, or false. */
  readonly skip?: string | false;
  /** A folder of tests/fixtures/deployments, which is copied. */
  readonly folder?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** For the shell; its word `gunicorn` stands for either program, and {folder} for the folder of the deployment. */
  readonly command: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How many serve when it has started; 0: it does not come so far. */
  readonly workers?: number;
  /** Files of the folder where its logs are; else they are standard error and standard output. */
  readonly errorLog?: string;
  readonly accessLog?: string;
  /** Where it daemonizes: the file of the folder that says who is the master. */
  readonly pidFile?: string;
  readonly steps?: readonly Step[];
  readonly stop?: NodeJS.Signals;
  /** The differences that are to be seen here: names of the table in differences.ts. Others fail the test, and these, when they are not seen. */
  readonly differs: readonly string[];
}
