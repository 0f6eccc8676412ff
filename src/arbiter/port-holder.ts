import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** State of a listening socket in /proc/net/tcp. */
const LISTEN = '0A';

/** Inodes of the sockets that listen on `port`, from the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): string[] {
  const inodes: string[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    const localPort = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16);
    if (state === LISTEN && localPort === port && inode !== undefined) inodes.push(inode);
  }
  return inodes;
}

/** Who listens on a TCP port, such as `nginx (pid 812)`; null where the system does not tell. */
export function findPortHolder(port: number): string | null {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readText(file) ?? '');
  const wanted = new Set(
    tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`),
  );
  if (wanted.size === 0) return null;
  const pid = processes().find((each) => descriptorsOf(each).some((target) => wanted.has(target)));
  return pid === undefined ? null : `${readText(`/proc/${pid}/comm`)?.trim() ?? 'a process'} (pid ${pid})`;
}

function processes(): string[] {
  return list('/proc').filter((name) => /^\d+$/.test(name));
}

function descriptorsOf(pid: string): string[] {
  return list(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return ''; // closed meanwhile
    }
  });
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no /proc, another user's process, or one that has ended
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
