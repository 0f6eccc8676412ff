// Every failure that ends the program, or a command, with a message for a person. Scripts may rely on codes and exit codes.

interface ErrorKind {
  readonly exitCode: number;
  /** What to do next, for failures whose next step is always the same. */
  readonly hint: string | null;
}

/** Exit codes follow Gunicorn: 1 configuration and addresses, 2 the command line's form; 3 and 4 are an application's that does not load. */
export const ERRORS = {
  usage: { exitCode: 2, hint: "Try 'kirin --help'." },
  'config-invalid': { exitCode: 1, hint: null },
  'config-file-unusable': { exitCode: 1, hint: null },
  'app-missing': { exitCode: 1, hint: null },
  'app-spec-invalid': { exitCode: 1, hint: null },
  'python-unusable': { exitCode: 1, hint: 'Name another interpreter with --python PATH.' },
  'address-unavailable': { exitCode: 1, hint: null },
  'pidfile-unusable': { exitCode: 1, hint: null },
  'log-unusable': { exitCode: 1, hint: null },
  'tls-unusable': { exitCode: 1, hint: null },
  'file-unusable': { exitCode: 1, hint: null },
  'account-unable': {
    exitCode: 1,
    hint: 'Let that user in (chmod o+rx, or a group), or put what it needs where everybody may read, such as under /usr/local or /srv.',
  },
  'temporary-folder-unusable': {
    exitCode: 1,
    hint: 'Name a folder that can be written to in the variable TMPDIR.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** A failure that a person can mend: shown as its message and hint, never as a stack. */
export class KirinError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | null;

  constructor(code: ErrorCode, message: string, hint: string | null = ERRORS[code].hint) {
    super(message);
    this.name = 'KirinError';
    this.code = code;
    this.hint = hint;
  }

  get exitCode(): number {
    return ERRORS[this.code].exitCode;
  }
}
