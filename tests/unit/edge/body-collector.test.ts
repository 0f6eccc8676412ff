import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { BodyCollector } from '../../../src/edge/body-collector.ts';
import type { RequestBody } from '../../../src/handlers/exchange.ts';
import { listFolder, makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

let folder = '';
let calls: string[] = [];

const collect = (memoryBytes = 1000) =>
  new BodyCollector(
    { memoryBytes, folder },
    {
      pause: () => calls.push('pause'),
      resume: () => calls.push('resume'),
      failed: (error) => calls.push(error.message),
    },
  );

const finish = (collector: BodyCollector) => new Promise<RequestBody>((resolve) => collector.finish(resolve));

beforeEach(() => {
  folder = makeTemporaryFolder();
  calls = [];
});

afterEach(() => removeFolder(folder));

describe('a request’s body', () => {
  it('is kept in memory up to the limit', async () => {
    const collector = collect();
    collector.add(Buffer.alloc(600, 'a'));
    collector.add(Buffer.alloc(400, 'b'));
    const body = await finish(collector);
    assert.ok(body.kind === 'memory');
    assert.equal(body.bytes, 1000);
    assert.equal(Buffer.concat(body.parts).toString(), 'a'.repeat(600) + 'b'.repeat(400));
    assert.deepEqual(listFolder(folder), []);
  });

  it('is none when nothing came', async () => {
    assert.deepEqual(await finish(collect()), { kind: 'none' });
  });

  it('is in a file beyond the limit, whole and in order', async () => {
    const collector = collect();
    for (const letter of 'abcde') collector.add(Buffer.alloc(400, letter));
    const body = await finish(collector);
    assert.ok(body.kind === 'file');
    assert.equal(body.bytes, 2000);
    assert.equal(
      readFileSync(body.path, 'latin1'),
      [...'abcde'].map((letter) => letter.repeat(400)).join(''),
    );
    collector.discard();
    await waitFor(() => listFolder(folder).length === 0);
  });

  it('that comes faster than the disk takes it makes the client wait', async () => {
    const collector = collect();
    const piece = Buffer.alloc(200_000);
    while (calls.length === 0) collector.add(piece);
    assert.ok(collector.bytes <= 1_500_000, `${collector.bytes}`);
    assert.deepEqual(calls, ['pause']);
    await waitFor(() => calls.length === 2);
    assert.deepEqual(calls, ['pause', 'resume']);
    collector.discard();
  });

  it('in single bytes takes no more pieces than its size needs', async () => {
    const collector = collect(100_000);
    const read = Buffer.alloc(65_536, 'x');
    for (let at = 0; at < 65_536; at += 1) collector.add(read.subarray(at, at + 1));
    collector.add(Buffer.alloc(30_000, 'y'));
    for (let at = 0; at < 100; at += 1) collector.add(Buffer.from('z'));
    const body = await finish(collector);
    assert.ok(body.kind === 'memory');
    assert.equal(
      Buffer.concat(body.parts).toString(),
      'x'.repeat(65_536) + 'y'.repeat(30_000) + 'z'.repeat(100),
    );
    assert.ok(body.parts.length < 40, `${body.parts.length}`);
  });

  it('in pieces of all sizes is whole and in order', async () => {
    const collector = collect(1_000_000);
    let expected = '';
    for (let at = 0; at < 300; at += 1) {
      const piece = String.fromCharCode(97 + (at % 26)).repeat([1, 3000, 40, 2000, 2048][at % 5] as number);
      expected += piece;
      collector.add(Buffer.from(piece));
    }
    const body = await finish(collector);
    assert.ok(body.kind === 'memory');
    assert.equal(Buffer.concat(body.parts).toString(), expected);
  });

  it('that is discarded leaves nothing behind', async () => {
    const collector = collect();
    collector.add(Buffer.alloc(5000));
    collector.finish(() => assert.fail('it was discarded'));
    collector.discard();
    await waitFor(() => listFolder(folder).length === 0);
  });
});
