import type { BindAddress } from '../config/bind-address.ts';

/** sd_listen_fds(3): descriptors begin there. */
const FIRST_FD = 3;
/** How systemd calls a socket that nobody has named. */
const UNNAMED = 'unknown';

export type InheritedAddress = Extract<BindAddress, { kind: 'fd' }>;

/**
 * The sockets that systemd has opened for this process, as sd_listen_fds(3) hands them over. The variables are removed: no process that is
 * started from here may take what they name for its own.
 */
export function takeSystemdSockets(env: NodeJS.ProcessEnv, pid: number): InheritedAddress[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = env;
  // They are for an ancestor, and have been passed on by mistake.
  if (LISTEN_PID !== String(pid)) return [];
  delete env.LISTEN_PID;
  delete env.LISTEN_FDS;
  delete env.LISTEN_FDNAMES;
  const count = /^\d+$/.test(LISTEN_FDS ?? '') ? Number(LISTEN_FDS) : 0;
  const names = LISTEN_FDNAMES.split(':');
  return Array.from({ length: count }, (_, index) => addressOf(FIRST_FD + index, names[index] ?? ''));
}

function addressOf(fd: number, name: string): InheritedAddress {
  const isNamed = name !== '' && name !== UNNAMED;
  const address = { kind: 'fd', fd, text: isNamed ? `fd://${fd} (${name})` : `fd://${fd}` } as const;
  // FileDescriptorName=https
  return name === 'http' || name === 'https' ? { ...address, scheme: name } : address;
}

/** Where to listen: sockets that were opened for Kirin take the place of addresses that it would bind. */
export function chooseAddresses(
  bind: readonly BindAddress[],
  opened: readonly BindAddress[],
): readonly BindAddress[] {
  if (opened.length === 0) return bind;
  const named = bind.filter((address) => address.kind === 'fd');
  const isNamed = (address: BindAddress) =>
    address.kind === 'fd' && named.some(({ fd }) => fd === address.fd);
  return [...named, ...opened.filter((address) => !isNamed(address))];
}
