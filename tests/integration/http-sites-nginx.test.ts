import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { askSite, type SiteQuestion } from '../support/ask-site.ts';
import { Nginx, nginxIsMissing } from '../support/nginx.ts';
import { useKirin } from '../support/shared-kirin.ts';

const APP =
  'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"no upstream"]\n';

const nginxConfig = (folder: string, upstream: string) => `
types { text/html html; text/plain txt; }
server {
  listen LISTEN;
  root ${folder}/www;
  error_page 404 /e/404.html;
  error_page 500 502 503 504 /e/50x.html;
  error_page 403 =200 /e/404.html;
  location /e/ { internal; alias ${folder}/err/; }
  location / { try_files $uri $uri/ $uri.html @app; }
  location = /only { try_files /nope /index.html =404; }
  location = /else { try_files /nope /app/else?a=$arg_x; }
  location /lit { try_files /nope /dir/ =404; }
  location @app { proxy_pass ${upstream}; }
  location /app { proxy_pass ${upstream}; }
  location /icept { proxy_intercept_errors on; proxy_pass ${upstream}; }
  location /named {
    proxy_intercept_errors on;
    error_page 404 = @second;
    error_page 410 =202 @second;
    error_page 409 @second;
    error_page 411 /app/page;
    error_page 412 http://other.example/x;
    proxy_pass ${upstream};
  }
  location @second { rewrite ^ /second$uri break; proxy_pass ${upstream}; }
  location /prot/ { internal; }
  location /rw {
    rewrite ^/rw/a/(.*)$ /app/new/$1 last;
    rewrite ^/rw/q/(.*)$ /app/q?x=$1 last;
    rewrite ^/rw/n/(.*)$ /app/n? last;
    return 410;
  }
  location /deny { deny all; }
  location /big { client_max_body_size 10; proxy_pass ${upstream}; }
  location /hdr { add_header X-A a; add_header X-B b always; proxy_pass ${upstream}; }
  location /gz { gzip on; gzip_types text/css; gzip_min_length 20; gzip_vary on; proxy_pass ${upstream}; }
}`;

const ERRORS =
  '404 = "/e/404.html", "500,502,503,504" = "/e/50x.html", 403 = { to = "/e/404.html", status = 200 }';

const kirinConfig = (upstream: string) => `
app = "main:app"
bind = "127.0.0.1:0"
[[sites]]
error_pages = { ${ERRORS} }
routes = [
  { path = "/e", internal = true, files = "err" },
  { exact = "/only", files = { root = "www", try = ["/nope", "/index.html"] } },
  { exact = "/else", files = { root = "www", try = "/nope", missing = "/app/else?a=$arg_x" } },
  { path = "/lit", files = { root = "www", try = ["/nope", "/dir/"] } },
  { name = "app", internal = true, proxy = "${upstream}" },
  { path = "/app", proxy = "${upstream}" },
  { path = "/icept", error_pages = { intercept = true, ${ERRORS} }, proxy = "${upstream}" },
  { path = "/named", error_pages = { intercept = true, 404 = "@second", 410 = { to = "@second", status = 202 }, 409 = { to = "@second", status = "kept" }, 411 = "/app/page", 412 = "http://other.example/x" }, proxy = "${upstream}" },
  { name = "second", internal = true, rewrite = "/second$uri" },
  { path = "/second", internal = true, proxy = "${upstream}" },
  { path = "/prot", internal = true, files = { root = "www" } },
  { pattern = "^/rw/a/(.*)$", rewrite = "/app/new/$1", again = true },
  { pattern = "^/rw/q/(.*)$", rewrite = "/app/q?x=$1", again = true },
  { pattern = "^/rw/n/(.*)$", rewrite = "/app/n?", again = true },
  { path = "/rw", respond = 410 },
  { path = "/deny", deny = "*" },
  { path = "/big", max_body = 10, proxy = "${upstream}" },
  { path = "/hdr", add_headers = { X-A = "a", X-B = { value = "b", errors = true } }, proxy = "${upstream}" },
  { path = "/gz", compress = { encodings = "gzip", types = ["text/html", "text/css"], min_size = 20 }, proxy = "${upstream}" },
  { files = { root = "www", try = ["$uri", "$uri/", "$uri.html"], missing = "@app" } },
]
`;

const COMPARED = [
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-type',
  'expires',
  'location',
  'retry-after',
  'set-cookie',
  'vary',
  'x-a',
  'x-b',
];

const accel = (target: string, more = '') => `/app/?X-Accel-Redirect=${encodeURIComponent(target)}${more}`;
const SAID =
  '&type=text/csv&Content-Disposition=attachment&Set-Cookie=a%3D1&Cache-Control=private&ETag=%22a%22';
const gzip = { fields: { 'Accept-Encoding': 'gzip' } };
const post = { method: 'POST', body: 'body' };
const LONG = 'a'.repeat(60);

const REQUESTS: readonly (readonly [target: string, question?: SiteQuestion])[] = [
  ...[
    '/',
    '/index.html',
    '/page',
    '/page?x=1',
    '/dir',
    '/dir?x=1',
    '/dir/',
    '/empty/',
    '/nope',
    '/nope/',
  ].map((target) => [target] as const),
  ...['/nope?x=%20y', '/n%20o%2Fpe', '//page', '/only', '/else?x=1', '/lit', '/lit/x', '/e/404.html'].map(
    (target) => [target] as const,
  ),
  ...['/app/x?status=404', '/app/x?status=502'].map((target) => [target] as const),
  ...[401, 403, 404, 502].map((status) => [`/icept/x?status=${status}`] as const),
  ...[404, 409, 410, 411].map((status) => [`/named/x?status=${status}`] as const),
  ...['/prot/s.txt', '/prot/', '/deny'].map((target) => [target] as const),
  ...['/rw/a/b%20c?q=1', '/rw/q/b%20c?q=1', '/rw/n/b?q=1'].map((target) => [target] as const),
  ...[200, 201, 304, 404, 500].map((status) => [`/hdr/x?status=${status}`] as const),
  [accel('/prot/s.txt')],
  [accel('/prot/s.txt', SAID)],
  [accel('/prot/none')],
  [accel('/prot/%2e%2e/x')],
  [accel('/app/other?a=b')],
  [accel('/prot/s.txt'), { fields: { Range: 'bytes=0-1' } }],
  ['/icept/x?status=404', { fields: { Range: 'bytes=0-1' } }],
  ['/icept/x?status=404', { method: 'HEAD' }],
  ['/nope', { ...post }],
  ['/else?x=1', { ...post }],
  ['/page', { ...post }],
  ['/', { ...post }],
  ['/dir/', { method: 'DELETE' }],
  ['/named/x?status=404', { ...post }],
  ['/big', { method: 'POST', body: '1234567890' }],
  ['/big', { method: 'POST', body: '12345678901' }],
  ['/deny', { ...post }],
  [`/gz/${LONG}?type=text/html`, gzip],
  [`/gz/${LONG}?type=text/css&ETag=%22a%22`, gzip],
  [`/gz/${LONG}?type=text/plain`, gzip],
  [`/gz/${LONG}?type=text/css`],
  [`/gz/${LONG}?type=text/css`, { fields: { 'Accept-Encoding': 'gzip;q=0' } }],
  [`/gz/${LONG}?type=text/css`, { ...gzip, method: 'HEAD' }],
];

/** Says what it was asked; its query says with which status and fields. */
function answering(): Server {
  return createServer((request, response) => {
    const { pathname, searchParams, search } = new URL(request.url ?? '', 'http://a');
    response.statusCode = Number(searchParams.get('status') ?? 200);
    response.setHeader('Content-Type', searchParams.get('type') ?? 'text/plain');
    for (const [name, value] of searchParams) if (/^[A-Z]/.test(name)) response.setHeader(name, value);
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = `${request.method} ${pathname} ${search} ${Buffer.concat(parts)}`;
      response.setHeader('Content-Length', body.length);
      response.end(body);
    });
  }).listen(0, '127.0.0.1');
}

describe('routes that send requests on, beside nginx', { skip: nginxIsMissing }, () => {
  const folder = new AppFolder({ 'main.py': APP });
  folder.writeIn('www', 'index.html', 'index');
  folder.writeIn('www', 'page.html', 'page');
  folder.writeIn('www/dir', 'index.html', 'of the folder');
  folder.writeIn('www/empty', '.keep', '');
  folder.writeIn('www/prot', 's.txt', 'secret');
  folder.writeIn('err', '404.html', 'e404');
  folder.writeIn('err', '50x.html', 'e50x');
  const upstream = answering();
  let nginx: Nginx;
  before(async () => {
    if (!upstream.listening) await once(upstream, 'listening');
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    folder.write('kirin.toml', kirinConfig(url));
    nginx = await Nginx.start(nginxConfig(folder.path, url));
  });
  const kirin = useKirin(() => ({ bind: [], cwd: folder.path }));
  after(async () => {
    await nginx.stop();
    upstream.closeAllConnections();
    upstream.close();
    folder.remove();
  });

  async function answerOf(port: number, target: string, question: SiteQuestion = {}) {
    const { status, headers, text } = await askSite(port, target, question);
    // What they say of errors by themselves is their own, and Kirin knows the charset of texts.
    const isOwnPage = /^(<html>|\d{3} [A-Z])/.test(text);
    const isEncoded = headers.has('content-encoding');
    const fields = COMPARED.map((name) => [name, headers.get(name) ?? null] as const)
      .filter(
        ([name]) => !(isOwnPage && name === 'content-type') && !(status === 206 && name === 'accept-ranges'),
      )
      .map(
        ([name, value]) =>
          [name, value?.replace(/^http:\/\/shop\.example(:\d+)?|; charset=utf-8$/g, '') ?? null] as const,
      );
    return {
      status,
      text: isOwnPage ? 'its page' : isEncoded ? 'encoded' : text,
      ...Object.fromEntries(fields),
    };
  }

  for (const [target, question] of REQUESTS) {
    it(`${question?.method ?? 'GET'} ${target} ${JSON.stringify(question?.fields ?? {})}`, async () => {
      assert.deepEqual(
        await answerOf(kirin().port, target, question),
        await answerOf(nginx.port, target, question),
      );
    });
  }
});
