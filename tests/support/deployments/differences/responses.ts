import { ANYTHING, type Row } from './row.ts';

const field = (name: string): RegExp => new RegExp(`: field ${name}$`);
const LENGTH = /^Content-Length: \d+$/;

export const responseRows = {
  server: {
    told: '| `Server` | `gunicorn` | `kirin` |',
    everywhere: true,
    shows: [{ where: field('server'), gunicorn: /^Server: gunicorn$/, kirin: /^Server: kirin$/ }],
  },
  'keeps connections': {
    told: '| connections of clients | the `sync` worker closes each after its response |',
    shows: [
      { where: /: connection$/, gunicorn: /^closed$/, kirin: /^kept$/ },
      { where: field('connection'), gunicorn: /^Connection: close$/ },
      { where: field('connection'), gunicorn: /^Connection: close$/, kirin: /^Connection: keep-alive$/ },
      { where: /^access log$/, kirin: /\?again HTTP\/1\.1" 200 / },
      { where: /answers on one connection$/, gunicorn: /^200 probe$/, kirin: /^200 probe(, 200 [^,]*)+$/ },
    ],
  },
  'keep-alive unsaid': {
    told: '| `Connection: keep-alive` | in every response over a connection that is kept | only to clients of HTTP/1.0',
    shows: [{ where: field('connection'), gunicorn: /^Connection: keep-alive$/ }],
  },
  'version of responses': {
    told: '| the version in the status line | that of the request | `HTTP/1.1`',
    shows: [{ where: /: status$/, gunicorn: /^HTTP\/1\.0 (\d+ .*)$/, kirin: /^HTTP\/1\.1 (\d+ .*)$/ }],
  },
  'length known': {
    told: '| a body that is there whole, without `Content-Length` | chunked | has a `Content-Length` |',
    shows: [
      { where: /: framing$/, gunicorn: /^(chunked|close)$/, kirin: /^length$/ },
      { where: field('transfer-encoding'), gunicorn: /^Transfer-Encoding: chunked$/ },
      { where: field('content-length'), kirin: LENGTH },
    ],
  },
  'continue unneeded': {
    told: '| `Expect: 100-continue` | answered with 100 when the application begins | answered with 100 as soon as the head is there',
    shows: [{ where: /: interim$/, gunicorn: /^HTTP\/1\.1 100 Continue$/ }],
  },
  'own server': {
    told: "| `Server` of the application's own | dropped | in place of Kirin's |",
    shows: [{ where: field('server'), gunicorn: /^Server: gunicorn$/, kirin: /^Server: mine$/ }],
  },
  'replaced head': {
    told: '| `start_response` again, with `exc_info` | the fields of both calls are sent | those of the second',
    shows: [
      {
        where: field('content-type'),
        gunicorn: /^Content-Type: text\/plain \| Content-Type: text\/plain$/,
        kirin: /^Content-Type: text\/plain$/,
      },
    ],
  },
  'error pages': {
    told: '| pages of errors that the server itself answers | HTML, without `Server` and `Date` |',
    shows: [
      {
        where: /: body$/,
        gunicorn: /^<html>\n {2}<head>\n {4}<title>/,
        kirin: /^(<!doctype html>\n<title>|\d{3} )/,
      },
      { where: field('content-type'), gunicorn: /^Content-Type: text\/html$/, kirin: /; charset=utf-8$/ },
      { where: field('content-length'), gunicorn: LENGTH, kirin: LENGTH },
      { where: field('server'), kirin: /^Server: kirin$/ },
      { where: field('date'), kirin: /^Date: NOW$/ },
    ],
  },
  'asked to close': {
    told: '| `Connection: close` from the application | ignored | heeded |',
    shows: [
      { where: /hop-by-hop: connection$/, gunicorn: /^kept$/, kirin: /^closed$/ },
      { where: field('connection'), gunicorn: /^Connection: keep-alive$/, kirin: /^Connection: close$/ },
    ],
  },
  'status without a reason': {
    told: '| a status without a reason: `404` | a status line that ends without the space that HTTP wants |',
    shows: [{ where: /^GET \/status\?404: /, gunicorn: ANYTHING, kirin: ANYTHING }],
  },
  'wrong length': {
    told: '| a body longer than its `Content-Length`, or shorter | cut at that length; or broken off | 500,',
    shows: [
      { where: /^GET \/too-(long|short): /, gunicorn: ANYTHING, kirin: ANYTHING },
      { where: /^access log$/, gunicorn: /"GET \/too-(long|short) HTTP\/1\.1" 200 5 / },
      {
        where: /^error log$/,
        kirin: /: the application gave a body (long|short)er than its Content-Length: /,
      },
    ],
  },
  'broken rules': {
    told: '| no `start_response`, a body that is no bytes, a bad status or header | 500, or a broken response; a traceback | 500; which rule is broken, and where |',
    shows: [
      { where: /^GET \/(no-start|text-for-bytes): /, gunicorn: ANYTHING, kirin: ANYTHING },
      {
        where: /^access log$/,
        gunicorn: /"GET \/(no-start|text-for-bytes|none) HTTP\/1\.1" (None|200) \d+ /,
      },
      {
        where: /^error log$/,
        gunicorn:
          /^ERROR Error handling request GET \/(none|split-field|split-hints|hints-without-a-name|status\?wrong)$/,
      },
      {
        where: /^error log$/,
        gunicorn: /^Traceback .*(is not a byte|not iterable|InvalidResponseHeader|Invalid status)/,
      },
      {
        where: /^error log$/,
        kirin: /^ERROR Error handling request GET \/[\w?-]+: the application (has not called|gave|returned) /,
      },
      { where: /^error log$/, kirin: /^Traceback( \| File "\{folder\}\/probe\.py", line \d+, in \w+)+$/ },
    ],
  },
  'other statuses': {
    told: '| other versions | 400 | 505 | | a transfer coding other than chunked | 400 | 501 |',
    shows: [{ where: /: status$/, gunicorn: /^HTTP\/1\.1 400 Bad Request$/, kirin: /^HTTP\/1\.1 50[15] / }],
  },
} as const satisfies Record<string, Row>;
