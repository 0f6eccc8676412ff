import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { FileSender } from '../../../src/edge/file-sender.ts';
import type { Sink } from '../../../src/edge/sink.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';

const FILE_BYTES = 300_000;

/** The sizes of the pieces that a client is sent who takes each at once. */
function piecesOf(path: string, isCrowded: boolean): Promise<readonly number[]> {
  const pieces: number[] = [];
  const sink: Sink = {
    writableLength: 0,
    writableNeedDrain: false,
    destroyed: false,
    isCrowded,
    cork: () => {},
    uncork: () => {},
    on: () => {},
    off: () => {},
    write: (bytes, taken) => {
      pieces.push(bytes.length);
      setImmediate(() => taken?.(null));
      return true;
    },
  };
  return new Promise((resolve, reject) => {
    const body = { file: path, segments: [{ offset: 0, length: FILE_BYTES }], length: FILE_BYTES };
    new FileSender(sink, body, {
      opened: () => true,
      sent: () => {},
      done: () => resolve(pieces),
      failed: reject,
    }).start();
  });
}

describe('a file on its way to a client', () => {
  const folder = makeTemporaryFolder();
  const path = join(folder, 'file');
  writeFileSync(path, Buffer.alloc(FILE_BYTES));
  after(() => removeFolder(folder));

  it('is read in large pieces where he takes all at once', async () => {
    assert.deepEqual(await piecesOf(path, false), [65_536, 131_072, 103_392]);
  });

  it('is read in tiny ones where he has many others under way', async () => {
    const pieces = await piecesOf(path, true);
    assert.equal(Math.max(...pieces), 16_384);
    assert.equal(
      pieces.reduce((sum, bytes) => sum + bytes),
      FILE_BYTES,
    );
  });
});
