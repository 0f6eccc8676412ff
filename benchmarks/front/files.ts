import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface MeasuredFile {
  readonly name: string;
  readonly title: string;
  readonly bytes: number;
}

export const FILES: readonly MeasuredFile[] = [
  { name: '4k', title: 'A file of 4 kB', bytes: 4096 },
  { name: '1m', title: 'A file of 1 MB', bytes: 1_000_000 },
];

/** A new folder with each of the files as NAME.bin. */
export function makeFiles(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-front-'));
  for (const { name, bytes } of FILES) writeFileSync(join(folder, `${name}.bin`), Buffer.alloc(bytes, 'x'));
  return folder;
}
