// Requests that are nearly right: drawn from a grammar that knows the sore spots, and mutations of the fixtures. Everything follows from
// the seed.

export interface Random {
  /** Uniform, from 0 to below `bound`. */
  below(bound: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
}

/** mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    below,
    chance: (probability) => next() < probability,
    pick: <T>(from: readonly T[]) => from[below(from.length)] as T,
  };
}

/** One to three requests in a row. */
export function generated(random: Random): Buffer {
  const count = 1 + random.below(3);
  return Buffer.from(Array.from({ length: count }, () => request(random)).join(''), 'latin1');
}

const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'M-SEARCH'];
const ODD_METHODS = ['CONNECT', 'get', 'PRI', 'BREW', 'GO'];
const TARGETS = [
  '/',
  '/',
  '/a?b=c',
  '/a/../b',
  '//a',
  'http://a/b',
  'http://a',
  'HTTPS://[::1]:80?x',
  '/%41%',
];
const ODD_TARGETS = ['*', 'a:443', '/\xe9', '/#', '/%00', 'http://u@a/', 'ftp://a/'];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'];
const ODD_VERSIONS = ['HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/0.9'];
const FIELDS = [
  'Accept: */*',
  'X-Y:\tz \t',
  'X_Y: \x80\xff',
  'Empty:',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: Close , TE',
  'Connection: TE',
  'Connection: upgrade',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'Trailer: a',
  'Content-Type: a/b',
  'Cookie: a=b',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'Proxy-Connection: close',
  'Content_Length: 9',
  'Transfer_Encoding: chunked',
  'HTTP2-Settings: AAMA',
  "!#$%&'*+-.^_`|~: x",
];
const ODD_FIELDS = [
  'Host: b',
  'HOST:c:80',
  'Host:',
  'Expect: x',
  'X: a\rb',
  'X: a\x00b',
  'X : y',
  ' folded',
  '\tfolded',
  ': x',
  'nocolon',
  'Content-Length: 3',
  'Content-Length: 0',
  'Content-Length: +3',
  'Content-Length: 3, 3',
  'Content-Length : 3',
  'Content-Length:\x0b3',
  'Connection: clos\xe9',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding:\x0bchunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: Chunked ',
  'Transfer-Encoding: "chunked"',
];
const LINE_ENDS = ['\n', '\r', '\r\r\n', '\n\r\n', '', '\r\n ', '\r\n\r\n'];
const CHUNK_SIZES = [
  '0x3',
  '+3',
  ' 3',
  '3 ',
  '3;a',
  '3;a=b',
  '3;a="b\\""',
  '3 ;a',
  '3; a',
  '3;a\rb',
  '3;a\nb',
  '03',
  'fffffffff',
  '10000000000000003',
  '3\t',
  'g',
  '',
];
const TRAILERS = ['A: b', 'X:', 'B:\tc d\t'];
const ODD_TRAILERS = [
  'Content-Length: 5',
  'Host: x',
  ' folded',
  'nocolon',
  'A : b',
  'Transfer-Encoding: chunked',
];

/** How much of a request is odd: some parts of most requests would leave few whole ones. */
const ODDITY = 0.03;

function request(random: Random): string {
  const { text: framing, body } = bodyOf(random);
  const fields = Array.from({ length: random.below(4) }, () => either(random, FIELDS, ODD_FIELDS));
  if (!random.chance(ODDITY)) fields.splice(random.below(fields.length + 1), 0, 'Host: a');
  if (framing !== '') fields.splice(random.below(fields.length + 1), 0, framing);
  const method = either(random, METHODS, ODD_METHODS);
  const target = either(random, TARGETS, ODD_TARGETS);
  const lines = [`${method} ${target} ${either(random, VERSIONS, ODD_VERSIONS)}`, ...fields, ''];
  const before = random.chance(ODDITY) ? lineEnd(random) : '';
  return before + lines.map((line) => line + lineEnd(random)).join('') + body;
}

function either<T>(random: Random, usual: readonly T[], odd: readonly T[]): T {
  return random.pick(random.chance(ODDITY) ? odd : usual);
}

function lineEnd(random: Random): string {
  return random.chance(0.997) ? '\r\n' : random.pick(LINE_ENDS);
}

/** A framing field, and a body that nearly always fits it. */
function bodyOf(random: Random): { text: string; body: string } {
  const kind = random.below(5);
  if (kind < 2) return { text: '', body: '' };
  if (kind === 2) {
    const body = random.pick(['', 'abc', 'GET / HTTP/1.1\r\n\r\n', '0\r\n\r\n', 'x'.repeat(300)]);
    const off = random.chance(0.95) ? 0 : random.pick([-1, 1, 2]);
    const name = random.pick(['Content-Length', 'content-length']);
    return { text: `${name}: ${Math.max(0, body.length + off)}`, body };
  }
  const chunks = Array.from({ length: random.below(4) }, () => chunk(random));
  const trailers = random.chance(0.2) ? [either(random, TRAILERS, ODD_TRAILERS) + lineEnd(random)] : [];
  const last = random.chance(0.97) ? '0' : random.pick(['', '00', '0;a=b', '0 ', '-0']);
  return {
    text: random.pick(['Transfer-Encoding: chunked', 'transfer-encoding:\tCHUNKED ']),
    body: [...chunks, last + lineEnd(random), ...trailers, lineEnd(random)].join(''),
  };
}

function chunk(random: Random): string {
  const data = random.pick(['abc', 'abc', '0\r\n\r\n', 'x'.repeat(17)]);
  const size = random.chance(0.95) ? data.length.toString(16) : random.pick(CHUNK_SIZES);
  return size + lineEnd(random) + data + lineEnd(random);
}

const SORE_BYTES = [0, 9, 10, 11, 12, 13, 32, 34, 35, 44, 45, 47, 48, 58, 59, 63, 95, 127, 128, 160, 255];
const SORE_TEXTS = [
  '\r\n',
  '\r\n\r\n',
  '\n\n',
  '\r',
  ' ',
  ';',
  ', chunked',
  'Content-Length: 1\r\n',
  'Transfer-Encoding: chunked\r\n',
  '0\r\n\r\n',
  'Host: a\r\n',
];

/** One to four small changes; @param others what parts may come from */
export function mutated(bytes: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let result = bytes;
  for (let count = 1 + random.below(4); count > 0; count--) result = mutatedOnce(result, others, random);
  return result;
}

function mutatedOnce(bytes: Buffer, others: readonly Buffer[], random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + random.below(12));
  const replaced = (to: number, middle: Buffer) =>
    Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(to)]);
  switch (random.below(7)) {
    case 0:
      return replaced(at + 1, Buffer.of(random.pick(SORE_BYTES)));
    case 1:
      return replaced(at, Buffer.of(random.pick(SORE_BYTES)));
    case 2:
      return replaced(at, Buffer.from(random.pick(SORE_TEXTS), 'latin1'));
    case 3:
      return replaced(end, Buffer.alloc(0));
    case 4:
      return replaced(at, bytes.subarray(at, end));
    case 5:
      return replaced(at + 1, Buffer.of((bytes[at] ?? 0) ^ (1 << random.below(8))));
    default: {
      const other = random.pick(others);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))]);
    }
  }
}

/** Cuts at a few random places. */
export function randomPieces(bytes: Buffer, random: Random): Buffer[] {
  const places = Array.from({ length: random.below(8) }, () => random.below(bytes.length + 1));
  const edges = [0, ...places.sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
}
