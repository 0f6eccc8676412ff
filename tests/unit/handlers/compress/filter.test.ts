import assert from 'node:assert/strict';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { CompressFilter } from '../../../../src/handlers/compress/filter.ts';
import { CompressionRules } from '../../../../src/handlers/compress/rules.ts';
import { OpenFile } from '../../../../src/handlers/files/open-file.ts';
import { makeTemporaryFolder, removeFolder } from '../../../support/temporary-folder.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { FakeExchange, get } from '../fake-exchange.ts';

const rules = new CompressionRules({
  encodings: ['gzip'],
  types: ['text/*'],
  minBytes: 10,
  levels: { zstd: 3, br: 4, gzip: 5 },
});

class Client extends FakeExchange {
  readonly pieces: Buffer[] = [];
  hasEnded = false;

  constructor() {
    super(get('/', 'Accept-Encoding: gzip'));
  }

  override write(body: Buffer, isEnd: boolean): void {
    this.pieces.push(body);
    this.hasEnded = isEnd;
  }
}

describe('a file that is compressed on its way', () => {
  const folder = makeTemporaryFolder();
  const path = join(folder, 'file.txt');
  const content = 'some text, '.repeat(20_000);
  writeFileSync(path, content);
  after(() => removeFolder(folder));

  const respondFile = (client: Client, file: string | OpenFile, length: number, opened?: () => void) =>
    new CompressFilter(client, rules).respondFile(
      `200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n`,
      2,
      { file, segments: [{ offset: 0, length }], length, ...(opened === undefined ? {} : { opened }) },
    );

  it('is read as its client takes it, and needs no other file', async () => {
    const client = new Client();
    let wasOpened = false;
    respondFile(client, path, content.length, () => {
      wasOpened = true;
    });
    await waitFor(() => client.hasEnded, { what: 'the end' });
    assert.equal(gunzipSync(Buffer.concat(client.pieces)).toString(), content);
    assert.deepEqual(client.events, [
      'begin 200 OK\r\nContent-Type: text/plain\r\nVary: Accept-Encoding\r\nContent-Encoding: gzip | 0 bytes',
    ]);
    assert.ok(wasOpened);
    assert.equal(client.spools, false);
  });

  it('is let go at its end', async () => {
    const client = new Client();
    const file = new OpenFile(openSync(path, 'r'));
    let holders = 1;
    file.retain = () => {
      holders += 1;
    };
    file.release = () => {
      holders -= 1;
    };
    respondFile(client, file, content.length);
    await waitFor(() => client.hasEnded && holders === 1, { what: 'the end' });
    const leaving = new Client();
    respondFile(leaving, file, content.length);
    leaving.producer?.cancel();
    await waitFor(() => holders === 1, { what: 'it is let go' });
    assert.ok(!leaving.hasEnded);
  });

  it('that is shorter than it was does not look whole', async () => {
    const client = new Client();
    respondFile(client, path, content.length + 1);
    await waitFor(() => client.events.includes('abort'), { what: 'the break' });
    assert.ok(!client.hasEnded);
  });

  it('that is not there any more is refused', async () => {
    const client = new Client();
    respondFile(client, join(folder, 'none'), 1000);
    await waitFor(() => client.events.length > 0, { what: 'an answer' });
    assert.deepEqual(client.events, ['refuse 502']);
  });
});
