import assert from 'node:assert/strict';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { FileBody } from '../../../../src/handlers/exchange.ts';
import { FileSource } from '../../../../src/handlers/files/file-source.ts';
import { OpenFile } from '../../../../src/handlers/files/open-file.ts';
import { makeTemporaryFolder, removeFolder } from '../../../support/temporary-folder.ts';
import { waitFor } from '../../../support/wait-for.ts';

const CONTENT = Array.from({ length: 40_000 }, (_, line) => `${line}\n`).join('');

class WatchedFile extends OpenFile {
  holders = 1;

  override retain(): void {
    this.holders += 1;
    super.retain();
  }

  override release(): void {
    this.holders -= 1;
    super.release();
  }
}

describe('the parts of a file', () => {
  let folder: string;
  let file: WatchedFile;
  let pieces: string[];
  let ends: number;
  let failures: string[];

  beforeEach(() => {
    folder = makeTemporaryFolder();
    writeFileSync(join(folder, 'a'), CONTENT);
    file = new WatchedFile(openSync(join(folder, 'a'), 'r'));
    [pieces, ends, failures] = [[], 0, []];
  });

  afterEach(() => {
    if (file.holders > 0) file.release();
    assert.equal(file.holders, 0);
    removeFolder(folder);
  });

  function start(segments: FileBody['segments'], took = (_source: FileSource) => {}): FileSource {
    const length = segments.reduce((sum, segment) => sum + segment.length, 0);
    file.retain();
    const source = new FileSource(
      { file, segments, length },
      file.fd,
      {
        write: (piece, isEnd) => {
          assert.equal(ends, 0, 'nothing comes behind the end');
          pieces.push(piece.toString('latin1'));
          if (isEnd) ends += 1;
          took(source);
        },
      },
      (error) => failures.push(error.message),
    );
    source.start();
    return source;
  }

  const isOver = () => waitFor(() => file.holders === 1, { what: 'the file to be let go' });

  for (const [what, segments, expected] of [
    ['the whole', [{ offset: 0, length: CONTENT.length }], CONTENT],
    [
      'several with text between them',
      ['<', { offset: 10, length: 5 }, '|', { offset: 100_000, length: 70_000 }, '>'],
      `<${CONTENT.slice(10, 15)}|${CONTENT.slice(100_000, 170_000)}>`,
    ],
    [
      'some that are empty',
      ['', { offset: 3, length: 0 }, { offset: 0, length: 2 }, { offset: 9, length: 0 }],
      '0\n',
    ],
    ['none', [], ''],
    ['text alone', ['a', 'b'], 'ab'],
  ] as const) {
    it(`are given in order, with an end: ${what}`, async () => {
      start(segments);
      await isOver();
      assert.deepEqual([pieces.join(''), ends, failures], [expected, 1, []]);
    });
  }

  it('that are small come in one piece, which is the last', async () => {
    start([{ offset: 0, length: 65_536 }]);
    await isOver();
    assert.deepEqual([pieces.length, ends], [1, 1]);
  });

  it('come as fast as they are taken', async () => {
    const source = start([{ offset: 0, length: CONTENT.length }], (each) => each.pause());
    for (let count = 1; ends === 0; count += 1) {
      await waitFor(() => pieces.length === count, { what: 'a piece' });
      source.resume();
      source.resume();
    }
    await isOver();
    assert.equal(pieces.join(''), CONTENT);
  });

  it('may be given up, while one is read or when one has been given', async () => {
    start([{ offset: 0, length: CONTENT.length }]).cancel();
    await isOver();
    assert.deepEqual(pieces, []);
    start([{ offset: 0, length: CONTENT.length }], (each) => each.cancel());
    await isOver();
    assert.deepEqual([pieces.length, ends, failures], [1, 0, []]);
  });

  it('that are not there are a failure, and no end', async () => {
    start([{ offset: CONTENT.length - 10, length: 30 }]);
    await isOver();
    assert.deepEqual([pieces, ends, failures], [[CONTENT.slice(-10)], 0, ['the file ended 20 bytes early']]);
  });
});
