/**
 * What a terminal, and whoever looks for processes by their names, sends to every process: only the arbiter says what it means. To Node,
 * USR1 would mean to open a debugger.
 */
export const OVERHEARD_SIGNALS = [
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGTTIN',
  'SIGTTOU',
] as const;
