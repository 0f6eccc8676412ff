// Node's HTTP/2 is nghttp2: another implementation, whose blocks are read here, and which reads ours.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, it } from 'node:test';
import { HpackDecoder } from '../../../../../src/protocol/http2/hpack/decoder.ts';
import { HpackEncoder } from '../../../../../src/protocol/http2/hpack/encoder.ts';
import { FRAME } from '../../../../support/http2-frames.ts';
import { Random } from '../../../../support/random.ts';
import { FramePeer } from './frame-peer.ts';
import { decode, encode, hex, NO_LIMIT } from './hpack-reading.ts';
import { randomFields } from './random-fields.ts';

const ROUNDS = 150;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const TABLE_SIZES = [0, 31, 32, 100, 512, 1000, 4095, 4096, 65_536];

function client(): { session: ClientHttp2Session; peer: FramePeer } {
  const [ours, theirs] = duplexPair();
  const session = connect('http://kirin.test', {
    createConnection: () => theirs,
    settings: { enablePush: false, maxHeaderListSize: NO_LIMIT },
    maxHeaderListPairs: 10_000,
  });
  return { session, peer: new FramePeer(ours, PREFACE.length) };
}

function server(): { server: Http2Server; peer: FramePeer; socket: Duplex } {
  const [ours, theirs] = duplexPair();
  const made = createServer({ settings: { maxHeaderListSize: NO_LIMIT }, maxHeaderListPairs: 10_000 });
  made.emit('connection', theirs);
  return { server: made, peer: new FramePeer(ours, 0), socket: ours };
}

/** As an object of Node's: names that come again have a list of values. */
function grouped(fields: readonly string[]): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string;
    groups[name] = [...(groups[name] ?? []), fields[index + 1] as string];
  }
  return groups;
}

/** Node takes some names only once. */
const withoutRepeats = (fields: readonly string[]): string[] =>
  Object.entries(grouped(fields)).flatMap(([name, values]) => [name, values[0] as string]);

describe('nghttp2', () => {
  it('sends requests that are decoded to what was asked for', async () => {
    const random = new Random(20_250_301);
    const { session, peer } = client();
    const decoder = new HpackDecoder(4096);
    peer.start('', 4096);
    for (let round = 0; round < ROUNDS; round++) {
      const fields = grouped(withoutRepeats(randomFields(random, 12)));
      const path = `/${random.below(3)}`;
      const stream = session.request({ ':authority': 'kirin.test', ':path': path, ...fields });
      stream.on('error', () => {});
      const { block } = await peer.nextBlock();
      const found = decode(decoder, block);
      assert.ok(typeof found !== 'string', `round ${round}: ${found}`);
      const expected = {
        ':path': [path],
        ':method': ['GET'],
        ':scheme': ['http'],
        ':authority': ['kirin.test'],
      };
      assert.deepEqual(grouped(found), { ...fields, ...expected }, `round ${round}`);
      stream.close();
    }
    session.destroy();
  });

  it('sends the same request as the same block, which has the very same fields', async () => {
    const { session, peer } = client();
    const decoder = new HpackDecoder(4096);
    peer.start('', 4096);
    const seen = [];
    for (let round = 0; round < 4; round++) {
      const stream = session.request({ ':path': '/hello', 'user-agent': 'somebody', accept: '*/*' });
      stream.on('error', () => {});
      const { block } = await peer.nextBlock();
      seen.push(decode(decoder, block));
      stream.close();
    }
    assert.deepEqual(seen[1], seen[0]);
    assert.equal(seen[2], seen[1]);
    assert.equal(seen[3], seen[1]);
    session.destroy();
  });

  it('takes our responses, whatever the size of its table', async () => {
    const random = new Random(20_250_302);
    const { session, peer } = client();
    const decoder = new HpackDecoder(4096);
    const encoder = new HpackEncoder();
    peer.start('', 4096);
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0 && random.chance(0.2)) {
        const size = random.of(TABLE_SIZES);
        session.settings({ headerTableSize: size });
        await peer.next(FRAME.settings);
        encoder.setMaxTableBytes(size);
      }
      const stream: ClientHttp2Stream = session.request({});
      const { stream: number, block: asked } = await peer.nextBlock();
      assert.ok(typeof decode(decoder, asked) !== 'string');
      const fields = [
        ':status',
        String(random.of([200, 204, 404, 418])),
        ...withoutRepeats(randomFields(random, 12)),
      ];
      const answered = once(stream, 'response');
      peer.sendBlock(number, encode(encoder, fields));
      const [found] = (await answered) as [Record<string, string | number | string[]>];
      const texts = Object.entries(found).map(([name, value]) => [name, [String(value)]]);
      assert.deepEqual(Object.fromEntries(texts), grouped(fields), `round ${round}`);
      stream.close();
    }
    session.destroy();
  });

  it('takes our requests, and its responses are decoded to what was answered', async () => {
    const random = new Random(20_250_303);
    const { server: made, peer } = server();
    const decoder = new HpackDecoder(4096);
    const encoder = new HpackEncoder();
    peer.start(PREFACE, 4096);
    for (let round = 0; round < ROUNDS; round++) {
      const pseudo = [
        ':method',
        'GET',
        ':scheme',
        'https',
        ':path',
        `/${random.below(3)}`,
        ':authority',
        'kirin.test',
      ];
      const fields = [...pseudo, ...randomFields(random, 12)];
      const asked = once(made, 'stream');
      peer.sendBlock(2 * round + 1, encode(encoder, fields));
      const [stream, , , raw] = (await asked) as [ServerHttp2Stream, unknown, unknown, readonly string[]];
      assert.deepEqual(raw, fields, `round ${round}`);
      // Node adds a date where there is none.
      const answer = grouped(withoutRepeats([...randomFields(random, 12), 'date', 'today']));
      stream.respond({ ':status': 404, ...answer }, { endStream: true });
      const found = decode(decoder, (await peer.nextBlock()).block);
      assert.ok(typeof found !== 'string', `round ${round}: ${found}`);
      assert.deepEqual(grouped(found), { ':status': ['404'], ...answer }, `round ${round}`);
    }
    made.close();
  });

  it('finds the same blocks broken', async () => {
    const request = '828684 4103612e62 4001780161';
    for (const [more, isBroken] of [
      ['', false],
      ['80', true],
      ['be', false],
      ['c0', true],
      ['ff 81ffffff7f', true],
      ['0f2f 0161', false],
      ['0f31 0161', true],
      ['0001780162', false],
      ['00017803', true],
      ['00017884 ffffffff', true],
      ['00017882 f8ff', true],
      ['00017881 18', true],
      ['00017881 1f', false],
      ['20', true],
    ] as const) {
      const { server: made, peer, socket } = server();
      made.on('session', (session) => session.on('error', () => {}));
      made.on('stream', (stream: ServerHttp2Stream) => {
        stream.on('error', () => {});
        stream.respond({ ':status': 204 }, { endStream: true });
      });
      const block = hex(request + more);
      assert.equal(decode(new HpackDecoder(4096), block) === 'broken', isBroken, more);
      peer.start(PREFACE, 4096);
      peer.sendBlock(1, block);
      const { type, payload } = await peer.next(FRAME.headers, FRAME.goaway);
      assert.equal(type === FRAME.goaway, isBroken, `${more}: ${type}`);
      // COMPRESSION_ERROR, RFC 9113 7.
      if (isBroken) assert.equal(payload.readUInt32BE(4), 9, more);
      socket.destroy();
    }
  });
});
