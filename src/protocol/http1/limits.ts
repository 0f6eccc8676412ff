/** What a request may at most be. Bytes are counted as they were sent. */
export interface HttpLimits {
  /** The request line without its CRLF; 0: unlimited. Gunicorn's default is 4094, its greatest value 8190. Beyond: 414. */
  readonly maxRequestLineBytes: number;
  /** How many field lines a head may have, and again a trailer section. Gunicorn: 100. Beyond: 431. */
  readonly maxFields: number;
  /** One field line with its CRLF, as Gunicorn counts; 0 means 8190, as in Gunicorn. Beyond: 431. */
  readonly maxFieldBytes: number;
  /** The body without its chunk framing; 0: unlimited. Beyond: 413. */
  readonly maxBodyBytes: number;
  /** A whole trailer section, where that has a limit beside those of its fields. */
  readonly maxTrailerBytes?: number;
}

/** "Unlimited" still ends somewhere: an unfinished line is held in memory. */
const UNLIMITED_REQUEST_LINE_BYTES = 1024 * 1024;
const DEFAULT_FIELD_BYTES = 8190;

/** The same limits with every 0 replaced by the number it stands for. */
export function effectiveLimits(limits: HttpLimits): HttpLimits {
  return {
    maxRequestLineBytes: limits.maxRequestLineBytes || UNLIMITED_REQUEST_LINE_BYTES,
    maxFields: limits.maxFields,
    maxFieldBytes: limits.maxFieldBytes || DEFAULT_FIELD_BYTES,
    maxBodyBytes: limits.maxBodyBytes || Number.MAX_SAFE_INTEGER,
  };
}
