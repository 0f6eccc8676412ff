import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ClientSpool } from '../../../src/edge/client-spool.ts';
import type { SpoolFile } from '../../../src/edge/spool-file.ts';
import { Random } from '../../support/random.ts';
import { listFolder, makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

const BLOCK_BYTES = 262_144;

let folder = '';
let spool: ClientSpool;
let errors: string[] = [];

beforeEach(() => {
  folder = makeTemporaryFolder();
  spool = new ClientSpool(folder);
  errors = [];
});

afterEach(() => removeFolder(folder));

const begin = () =>
  spool.begin((error) => errors.push((error as NodeJS.ErrnoException).code ?? error.message));
const written = (file: SpoolFile) => new Promise<void>((resolve) => file.whenWritten(resolve));
const readNext = (file: SpoolFile) => new Promise<Buffer>((resolve) => file.readNext(65_536, resolve));
const isGone = () => waitFor(() => listFolder(folder).length === 0, { what: 'the file’s removal' });
const fileBytes = () => statSync(join(folder, listFolder(folder)[0] as string)).size;

/** Each byte tells of which response it is, and which of its bytes. */
function content(response: number, start: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index++)
    bytes[index] = (start + index + ((start + index) >>> 8) + 31 * response) & 0xff;
  return bytes;
}

/** One response that is written and read at random. */
class Response {
  readonly file = begin();
  readonly #number: number;
  appendedBytes = 0;
  readBytes = 0;

  constructor(number: number) {
    this.#number = number;
  }

  append(length: number): void {
    this.file.append(content(this.#number, this.appendedBytes, length));
    this.appendedBytes += length;
  }

  async read(): Promise<void> {
    if (this.file.unreadBytes === 0) return;
    const piece = await readNext(this.file);
    assert.ok(piece.equals(content(this.#number, this.readBytes, piece.length)), `response ${this.#number}`);
    this.readBytes += piece.length;
  }
}

describe('what a client has not taken', () => {
  it('is in one file, each response in its order, and gone with the last of them', async () => {
    const random = new Random(20250101);
    const responses = Array.from({ length: 5 }, (_, number) => new Response(number));
    for (let step = 0; step < 400; step++) {
      const response = random.of(responses);
      if (random.chance(0.5)) response.append(random.of([1, 5000, 65_536, BLOCK_BYTES, 300_000]));
      else await response.read();
    }
    await waitFor(() => listFolder(folder).length === 1);
    const unread = responses.reduce(
      (sum, { appendedBytes, readBytes }) => sum + appendedBytes - readBytes,
      0,
    );
    assert.equal(spool.unreadBytes, unread);
    for (const response of responses) while (response.file.unreadBytes > 0) await response.read();
    assert.ok(responses.every(({ appendedBytes, readBytes }) => appendedBytes === readBytes));
    for (const { file } of responses.slice(1)) file.discard();
    assert.equal(listFolder(folder).length, 1);
    responses[0]?.file.discard();
    await isGone();
    assert.deepEqual(errors, []);
  });

  it('takes no more of the disk than what waits, however much passes through', async () => {
    const [slow, quick] = [new Response(0), new Response(1)];
    slow.append(1000);
    for (let turn = 0; turn < 50; turn++) {
      quick.append(BLOCK_BYTES);
      await written(quick.file);
      while (quick.file.unreadBytes > 0) await quick.read();
    }
    assert.ok(fileBytes() <= 3 * BLOCK_BYTES, `${fileBytes()} bytes`);
    await slow.read();
    for (const { file } of [slow, quick]) file.discard();
    await isGone();
  });

  it('gives its place to others only when nothing is written there any more', async () => {
    const [first, second] = [new Response(0), new Response(1)];
    second.append(1);
    await written(second.file);
    for (let turn = 0; turn < 20; turn++) {
      const given = new Response(2);
      given.append(BLOCK_BYTES);
      // It is being written.
      given.file.discard();
      first.append(BLOCK_BYTES);
      while (first.file.unreadBytes > 0) await first.read();
    }
    await second.read();
    for (const { file } of [first, second]) file.discard();
    await isGone();
    assert.deepEqual(errors, []);
  });

  it('has another file after the first has gone', async () => {
    for (let turn = 0; turn < 3; turn++) {
      const response = new Response(turn);
      response.append(100_000);
      while (response.file.unreadBytes > 0) await response.read();
      response.file.discard();
    }
    await isGone();
    assert.equal(spool.unreadBytes, 0);
  });

  it('is lost to all where the file cannot be made, and not to those after them', async () => {
    removeFolder(folder);
    const responses = [new Response(0), new Response(1)];
    for (const response of responses) response.append(10);
    await waitFor(() => errors.length === 2);
    assert.deepEqual(errors, ['ENOENT', 'ENOENT']);
    assert.equal(spool.unreadBytes, 0);
    mkdirSync(folder);
    const response = new Response(0);
    response.append(10);
    await response.read();
    response.file.discard();
    await isGone();
  });
});
