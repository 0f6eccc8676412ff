// What is asked for: one row a cell.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface MeasuredCell {
  readonly name: string;
  readonly title: string;
  readonly path: string;
  /** Of a response's body. */
  readonly bytes: number;
  readonly protocol: 'http' | 'https' | 'h2';
}

const FILES = { '4k': 4096, '1m': 1_000_000 } as const;
export const HELLO = 'hello, world\n';

export const CELLS: readonly MeasuredCell[] = [
  { name: '4k', title: 'A file of 4 kB', path: '/4k.bin', bytes: FILES['4k'], protocol: 'http' },
  { name: '1m', title: 'A file of 1 MB', path: '/1m.bin', bytes: FILES['1m'], protocol: 'http' },
  {
    name: 'proxy',
    title: '4 kB from an upstream',
    path: '/upstream/4k.bin',
    bytes: FILES['4k'],
    protocol: 'http',
  },
  { name: 'tls', title: 'Hello by HTTPS, HTTP/1', path: '/hello', bytes: HELLO.length, protocol: 'https' },
  {
    name: 'tls-4k',
    title: 'A file of 4 kB by HTTPS, HTTP/1',
    path: '/4k.bin',
    bytes: FILES['4k'],
    protocol: 'https',
  },
  { name: 'h2', title: 'Hello by HTTPS, HTTP/2', path: '/hello', bytes: HELLO.length, protocol: 'h2' },
  {
    name: 'h2-4k',
    title: 'A file of 4 kB by HTTPS, HTTP/2',
    path: '/4k.bin',
    bytes: FILES['4k'],
    protocol: 'h2',
  },
];

export function cellOf(name: string): MeasuredCell {
  const cell = CELLS.find((each) => each.name === name);
  if (cell === undefined) throw new Error(`no cell is called ${name}`);
  return cell;
}

/** A new folder with each of the files as NAME.bin. */
export function makeFiles(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-front-'));
  for (const [name, bytes] of Object.entries(FILES)) {
    writeFileSync(join(folder, `${name}.bin`), Buffer.alloc(bytes, 'x'));
  }
  return folder;
}
