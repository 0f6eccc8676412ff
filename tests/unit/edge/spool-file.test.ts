import assert from 'node:assert/strict';
import fs, { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { OwnFile } from '../../../src/edge/own-file.ts';
import { SpoolFile } from '../../../src/edge/spool-file.ts';
import { replaceInFs } from '../../support/replaced-fs.ts';
import { listFolder, makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

let folder = '';
let errors: string[] = [];

const open = () => new SpoolFile(new OwnFile(folder), (error) => errors.push(error.message));
const written = (file: SpoolFile) => new Promise<void>((resolve) => file.whenWritten(resolve));
const readNext = (file: SpoolFile) => new Promise<Buffer>((resolve) => file.readNext(65_536, resolve));
const isGone = () => waitFor(() => listFolder(folder).length === 0, { what: 'the file’s removal' });

async function readAll(file: SpoolFile): Promise<string> {
  let text = '';
  while (file.unreadBytes > 0) text += (await readNext(file)).toString('latin1');
  return text;
}

beforeEach(() => {
  folder = makeTemporaryFolder();
  errors = [];
});

afterEach(() => removeFolder(folder));

describe('a spool file', () => {
  it('holds what was handed over, in its order, for its owner alone', async () => {
    const place = new OwnFile(folder);
    const file = new SpoolFile(place, assert.fail);
    for (const part of ['one ', 'two ', 'three']) file.append(Buffer.from(part));
    await written(file);
    assert.equal(file.unreadBytes, 13);
    assert.equal(readFileSync(place.path, 'utf8'), 'one two three');
    assert.equal(fs.statSync(place.path).mode & 0o777, 0o600);
    file.discard();
    await isGone();
  });

  it('calls back once for each who asked, also when there is nothing to write', async () => {
    const file = open();
    let calls = 0;
    file.whenWritten(() => (calls += 1));
    await written(file);
    file.append(Buffer.from('x'));
    await written(file);
    assert.equal(calls, 1);
    file.discard();
  });

  it('is read while it is being written', async () => {
    const file = open();
    const total = 2_000_000;
    let sent = 0;
    let text = '';
    while (text.length < total) {
      for (let i = 0; i < 5 && sent < total; i += 1) {
        file.append(Buffer.from(String(sent % 10).repeat(50_000)));
        sent += 50_000;
      }
      text += (await readNext(file)).toString('latin1');
    }
    assert.equal(file.unreadBytes, 0);
    for (let at = 0; at < total; at += 50_000) assert.equal(text[at], String(at % 10));
    file.discard();
    await isGone();
  });

  it('has a megabyte wait for the disk, and less when many files have', async (t) => {
    const held: (() => void)[] = [];
    const { writev } = fs;
    replaceInFs(
      t,
      'writev',
      ((...args: Parameters<typeof writev>) => void held.push(() => writev(...args))) as never,
    );
    const piece = Buffer.alloc(100_000);
    const first = open();
    for (let i = 0; i < 10; i += 1) first.append(piece);
    assert.ok(!first.isBehind);
    const others = Array.from({ length: 200 }, open);
    for (const file of others) file.append(piece);
    assert.ok(others.every(({ isBehind }) => isBehind));
    const late = open();
    late.append(Buffer.alloc(60_000));
    assert.ok(!late.isBehind, 'each may have a little');
    for (const file of others) file.discard();
    assert.ok(!first.isBehind, 'nothing of what was discarded counts');
    await waitFor(() => held.length > 0);
    for (let i = 0; i < 10; i += 1) first.append(piece);
    assert.ok(first.isBehind, 'more than a megabyte of one');
    const all = [first, late].map(written);
    await waitFor(() => {
      for (const write of held.splice(0)) write();
      return !first.isBehind;
    });
    const goOn = setInterval(() => {
      for (const write of held.splice(0)) write();
    }, 1);
    await Promise.all(all);
    clearInterval(goOn);
    assert.equal(first.unreadBytes, 2_000_000);
    for (const file of [first, late]) file.discard();
    await isGone();
  });

  it('survives short writes', async (t) => {
    const { writeSync } = fs;
    replaceInFs(t, 'writev', ((
      fd: number,
      parts: Buffer[],
      at: number,
      done: (error: null, count: number) => void,
    ) => {
      const bytes = Buffer.concat(parts);
      const count = writeSync(fd, bytes, 0, Math.min(3, bytes.length), at);
      setImmediate(done, null, count);
    }) as never);
    const file = open();
    for (const part of ['abcd', 'efgh', 'ij']) file.append(Buffer.from(part));
    await written(file);
    assert.equal(await readAll(file), 'abcdefghij');
    file.discard();
  });

  it('reports a failure once, and is gone', async (t) => {
    replaceInFs(t, 'writev', ((...args: unknown[]) => {
      setImmediate(args.at(-1) as (error: Error) => void, new Error('ENOSPC'));
    }) as never);
    const file = open();
    file.append(Buffer.from('x'));
    await waitFor(() => errors.length > 0);
    file.append(Buffer.from('y'));
    file.discard();
    await isGone();
    assert.deepEqual(errors, ['ENOSPC']);
  });

  it('that cannot be made reports it', async () => {
    new SpoolFile(new OwnFile(`${folder}/none`), (error) =>
      errors.push((error as NodeJS.ErrnoException).code ?? ''),
    );
    await waitFor(() => errors.length > 0);
    assert.deepEqual(errors, ['ENOENT']);
  });

  it('that fails to be read does not close its descriptor under a write that is under way', async (t) => {
    const events: string[] = [];
    const { writev, close } = fs;
    const file = open();
    file.append(Buffer.from('first'));
    await written(file);
    let finishWrite = () => {};
    replaceInFs(t, 'writev', ((fd: number, parts: Buffer[], at: number, done: () => void) => {
      finishWrite = () => {
        events.push('written');
        writev(fd, parts, at, done);
      };
    }) as never);
    replaceInFs(t, 'read', ((...args: unknown[]) => {
      setImmediate(args.at(-1) as (error: Error) => void, new Error('EIO'));
    }) as never);
    replaceInFs(t, 'close', ((fd: number, done: () => void) => {
      events.push('closed');
      close(fd, done);
    }) as never);
    file.append(Buffer.from('second'));
    file.readNext(65_536, () => assert.fail('it cannot be read'));
    await waitFor(() => errors.length > 0);
    finishWrite();
    await isGone();
    assert.deepEqual(events, ['written', 'closed']);
  });
});

describe('a discarded spool file', () => {
  it('leaves nothing behind, whatever it was doing', async () => {
    const states: Record<string, (file: SpoolFile) => Promise<unknown> | undefined> = {
      opening: () => undefined,
      'opening, with bytes': (file) => {
        file.append(Buffer.from('x'));
        return undefined;
      },
      idle: (file) => written(file),
      writing: async (file) => {
        await written(file);
        file.append(Buffer.alloc(100_000));
      },
      reading: async (file) => {
        file.append(Buffer.alloc(100_000));
        await written(file);
        file.readNext(65_536, () => assert.fail('it was discarded'));
      },
      'reading and writing': async (file) => {
        file.append(Buffer.alloc(100_000));
        await written(file);
        file.readNext(65_536, () => assert.fail('it was discarded'));
        file.append(Buffer.alloc(100_000));
        file.whenWritten(() => assert.fail('it was discarded'));
      },
    };
    for (const reach of Object.values(states)) {
      const file = open();
      await reach(file);
      file.discard();
      file.discard();
    }
    await isGone();
    assert.deepEqual(errors, []);
  });
});
