import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KirinError } from '../base/errors.ts';
import { type BoundSocket, bindUnix } from './bind-socket.ts';

/** A unix socket's path has at most 107 bytes on Linux, 103 on macOS. */
const MAX_SOCKET_PATH_BYTES = 103;

/** A folder that edge, zygotes and workers may enter, and nobody else. */
export interface PrivateFolder {
  readonly path: string;
  readonly socketPath: string;
  remove(): void;
}

/** The private folder of one run of Kirin, with the socket that lanes connect to. */
export interface RunFolder {
  readonly path: string;
  readonly lanePath: string;
  readonly laneSocket: BoundSocket;
  remove(): void;
}

/** @throws {KirinError} */
export function createRunFolder(owner: { readonly uid: number; readonly gid: number } | null): RunFolder {
  const path = makeFolder();
  const lanePath = join(path, 'lane.sock');
  const laneSocket = bindUnix(lanePath);
  if (owner !== null) {
    chownSync(lanePath, owner.uid, owner.gid);
    chownSync(path, owner.uid, owner.gid);
  }
  return {
    path,
    lanePath,
    laneSocket,
    remove() {
      laneSocket.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/**
 * For a socket that another process binds.
 * @throws {KirinError}
 */
export function createPrivateFolder(
  socketName: string,
  owner: { readonly uid: number; readonly gid: number } | null,
): PrivateFolder {
  const path = makeFolder();
  if (owner !== null) chownSync(path, owner.uid, owner.gid);
  return {
    path,
    socketPath: join(path, socketName),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Made with mode 0700. */
function makeFolder(): string {
  const parent = parentFolder();
  try {
    return mkdtempSync(join(parent, `kirin-${process.pid}-`));
  } catch (error) {
    const message = `no temporary folder can be made in ${parent}: ${(error as Error).message}`;
    throw new KirinError('temporary-folder-unusable', message);
  }
}

function parentFolder(): string {
  const folder = tmpdir();
  const longest = join(folder, 'kirin-1234567-abcdef', 'relay.sock.new');
  return Buffer.byteLength(longest) <= MAX_SOCKET_PATH_BYTES ? folder : '/tmp';
}
