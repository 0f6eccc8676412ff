/** What the system's codes mean, in words for a log. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  ENOENT: 'there is no such socket',
  EACCES: 'no permission to connect',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be resolved now',
};

export function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  // Of several addresses, that of each.
  const first = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : null;
  return REASONS[code ?? first?.code ?? ''] ?? (error.message || (code ?? 'it failed'));
}
