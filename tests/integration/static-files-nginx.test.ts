// The same requests to Kirin and to nginx, over the same folder: status, fields and content are the same, or the reason is here.
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startKirin } from '../support/kirin.ts';
import { Nginx, nginxIsMissing } from '../support/nginx.ts';
import { exchange } from '../support/raw-connection.ts';
import { fieldValue, type RawResponse } from '../support/response-reader.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

const MODIFIED = new Date('2024-01-02T03:04:05Z');
const DATE = MODIFIED.toUTCString();
const dateAfter = (seconds: number) => new Date(MODIFIED.getTime() + seconds * 1000).toUTCString();

const PATHS = [
  '/files/letters.txt',
  '/files/letters.txt?v=1',
  '/files/%6cetters.txt',
  '/files//letters.txt',
  '/files/page.html',
  '/files/data.json',
  '/files/image.png',
  '/files/unknown.zzz',
  '/files/empty.txt',
  '/files/large.bin',
  '/files/a%20b.txt',
  '/files/%C3%A4.txt',
  '/files/%E4.txt',
  '/files/100%25.txt',
  '/files/a+b.txt',
  '/files/sub/',
  '/files/sub',
  '/files/sub?a=b',
  '/files/bare/',
  '/files/',
  '/files/none',
  '/files/none/',
  '/files/letters.txt/',
  '/files/letters.txt/x',
  `/files/${'x'.repeat(300)}`,
  '/files/link.txt',
  '/files/dangling',
];

const CONDITIONS: readonly (readonly string[])[] = [
  ['Range: bytes=0-4'],
  ['Range: bytes=5-'],
  ['Range: bytes=-5'],
  ['Range: bytes=0-0,-1'],
  ['Range: bytes=0-1,5-6,10-11'],
  ['Range: bytes=0-1, 5-6'],
  ['Range: bytes=10-11,0-1'],
  ['Range: bytes=99-'],
  ['Range: bytes=99-,0-1'],
  ['Range: bytes=0-99'],
  ['Range: bytes=-99'],
  ['Range: bytes=-0'],
  ['Range: bytes=4-2'],
  ['Range: bytes=a-b'],
  ['Range: items=0-1'],
  ['Range: bytes=0-,0-,0-'],
  ['If-Modified-Since: DATE'],
  [`If-Modified-Since: ${dateAfter(-1)}`],
  [`If-Modified-Since: ${dateAfter(1)}`],
  ['If-Modified-Since: soon'],
  ['If-Unmodified-Since: DATE'],
  [`If-Unmodified-Since: ${dateAfter(-1)}`],
  [`If-Unmodified-Since: ${dateAfter(1)}`],
  ['If-None-Match: TAG'],
  ['If-None-Match: W/TAG'],
  ['If-None-Match: "x", TAG'],
  ['If-None-Match: "x"'],
  ['If-None-Match: *'],
  ['If-Match: TAG'],
  ['If-Match: "x", TAG'],
  ['If-Match: "x"'],
  ['If-Match: W/TAG'],
  ['If-Match: *'],
  ['Range: bytes=0-4', 'If-Range: TAG'],
  ['Range: bytes=0-4', 'If-Range: "x"'],
  ['Range: bytes=0-4', 'If-Range: DATE'],
  ['Range: bytes=0-4', `If-Range: ${dateAfter(1)}`],
  ['Range: bytes=99-', 'If-Range: TAG'],
  ['If-None-Match: "x"', 'If-Modified-Since: DATE'],
  ['If-Match: TAG', 'If-None-Match: TAG'],
  ['If-Match: "x"', 'If-None-Match: TAG'],
  ['If-None-Match: TAG', 'Range: bytes=0-4'],
];

/** Where Kirin answers otherwise, by what stands in the request, and why. */
const DIFFERENCES: readonly (readonly [what: RegExp, reason: string])[] = [
  [/^HEAD .*, Range:/, 'Range is for GET alone, and a server MUST ignore it otherwise (RFC 9110 14.2)'],
  [
    /Range: bytes=(?:4-2|a-b)/,
    'what is no valid list of ranges may be ignored (14.2), as a range of another unit must be',
  ],
  [
    /GET \/files\/empty\.txt, Range:/,
    'of an empty file no range can be satisfied (14.1.2); nginx says so for some',
  ],
];

interface Question {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly string[];
}

const QUESTIONS: readonly Question[] = [
  ...PATHS.flatMap((path) => ['GET', 'HEAD'].map((method) => ({ method, path, fields: [] }))),
  ...['/files/letters.txt', '/files/empty.txt', '/files/large.bin', '/files/sub/'].flatMap((path) =>
    ['GET', 'HEAD'].flatMap((method) => CONDITIONS.map((fields) => ({ method, path, fields }))),
  ),
  ...['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'].map((method) => ({
    method,
    path: '/files/letters.txt',
    fields: ['Content-Length: 0'],
  })),
];

const textOf = ({ method, path, fields }: Question) =>
  [`${method} ${path}`, ...fields].join(', ').slice(0, 120);

describe('static files beside nginx', { skip: nginxIsMissing }, () => {
  const folder = makeTemporaryFolder();
  let ports: { kirin: number; nginx: number };
  let stop: () => Promise<void>;

  before(async () => {
    const write = (name: string | Buffer, content: string | Buffer) => {
      const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name as string)]);
      mkdirSync(dirname(path.toString()), { recursive: true });
      writeFileSync(path, content);
      utimesSync(path, MODIFIED, MODIFIED);
    };
    for (const name of [
      'letters.txt',
      'page.html',
      'data.json',
      'image.png',
      'unknown.zzz',
      'sub/index.html',
    ])
      write(name, 'abcdefghijklmnopqrstuvwxyz');
    for (const name of ['a b.txt', 'ä.txt', '100%.txt', 'a+b.txt']) write(name, 'odd');
    write(Buffer.from([0xe4, 0x2e, 0x74, 0x78, 0x74]), 'latin');
    write('empty.txt', '');
    write('large.bin', Buffer.alloc(300_000, 'large'));
    mkdirSync(join(folder, 'bare'));
    symlinkSync('letters.txt', join(folder, 'link.txt'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    const nginx = await Nginx.start(`
      include /etc/nginx/mime.types;
      default_type application/octet-stream;
      charset utf-8;
      charset_types text/plain application/json;
      if_modified_since before;
      server { listen LISTEN; location /files/ { alias ${folder}/; } }
    `);
    const kirin = await startKirin({ app: 'echo:app', args: ['--static', `/files=${folder}`] });
    ports = { kirin: kirin.port, nginx: nginx.port };
    stop = async () => {
      await kirin.stop();
      await nginx.stop();
    };
  });
  after(async () => {
    await stop();
    removeFolder(folder);
  });

  const tags = new Map<string, string>();

  async function ask(port: number, { method, path, fields }: Question): Promise<RawResponse> {
    const filled: string[] = [];
    for (const field of fields)
      filled.push(field.replace('DATE', DATE).replace('TAG', await tagOf(port, path)));
    const lines = [`${method} ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...filled];
    return exchange({ port }, `${lines.join('\r\n')}\r\n\r\n`, { method });
  }

  async function tagOf(port: number, path: string): Promise<string> {
    const key = `${port}${path}`;
    const known = tags.get(key);
    if (known !== undefined) return known;
    const response = await exchange(
      { port },
      `HEAD ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      {
        method: 'HEAD',
      },
    );
    const tag = fieldValue(response, 'ETag') ?? '';
    tags.set(key, tag);
    return tag;
  }

  const FIELDS = [
    'Content-Type',
    'Content-Length',
    'Last-Modified',
    'Content-Range',
    'Content-Encoding',
    'Cache-Control',
  ];

  function comparable(response: RawResponse): object {
    const { status } = response;
    const location = fieldValue(response, 'Location');
    if (status >= 400) return { status, contentRange: fieldValue(response, 'Content-Range') };
    if (status === 301) return { status, location: location?.replace(/^http:\/\/[^/]+/, '') };
    const type = fieldValue(response, 'Content-Type') ?? '';
    const boundary = /boundary=(.*)$/.exec(type)?.[1];
    const same = (text: string) => (boundary === undefined ? text : text.replaceAll(boundary, 'BOUNDARY'));
    const fields = FIELDS.map((name) => [name, fieldValue(response, name)] as const)
      // Boundaries are not of one length.
      .filter(([name]) => name !== 'Content-Length' || boundary === undefined)
      .map(([name, value]) => [name, value === undefined ? value : same(value)]);
    return { status, ...Object.fromEntries(fields), body: same(response.body.toString('latin1')) };
  }

  it('are the same for several hundred requests', async () => {
    assert.ok(QUESTIONS.length > 300, `${QUESTIONS.length}`);
    const wrong: string[] = [];
    const used = new Set<string>();
    for (const question of QUESTIONS) {
      const kirin = comparable(await ask(ports.kirin, question));
      const nginx = comparable(await ask(ports.nginx, question));
      const text = textOf(question);
      const difference = DIFFERENCES.find(([what]) => what.test(text));
      try {
        assert.deepEqual(kirin, nginx);
      } catch {
        if (difference === undefined) {
          const show = (answer: object) => JSON.stringify(answer).slice(0, 300);
          wrong.push(`${text}\n  Kirin ${show(kirin)}\n  nginx ${show(nginx)}`);
        } else used.add(difference[1]);
      }
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual([...used].sort(), [...new Set(DIFFERENCES.map(([, reason]) => reason))].sort());
  });
});
