import { integer } from '../kinds.ts';
import { type HttpProtocol, http2Cleartext, httpProtocols } from '../request-kinds.ts';
import { setting } from '../setting.ts';

const MAX_31_BITS = 2 ** 31 - 1;

export const http2 = {
  http_protocols: setting<readonly HttpProtocol[]>({
    flags: ['--http-protocols'],
    kind: httpProtocols,
    default: ['h1'],
    help: 'Versions of HTTP, the preferred one first: h1, or h2,h1',
    detail:
      'HTTP/2 needs a certificate, and is agreed on in the handshake (ALPN); clients that do not ask for it are served HTTP/1.1.',
  }),
  http2_cleartext: setting<'off' | 'prior-knowledge'>({
    flags: ['--http2-cleartext'],
    kind: http2Cleartext,
    default: 'off',
    help: 'HTTP/2 without TLS, of trusted proxies: off, or prior-knowledge',
    detail:
      'With `prior-knowledge`, and h2 among `http_protocols`, peers of `forwarded_allow_ips` have to begin with HTTP/2, and get 400 otherwise; everybody else is served HTTP/1. It has no effect on addresses that speak HTTPS.',
  }),
  http2_max_concurrent_streams: setting<number>({
    flags: ['--http2-max-concurrent-streams'],
    kind: integer({ min: 1, max: MAX_31_BITS, example: 100 }),
    default: 100,
    help: 'Requests that an HTTP/2 connection may have under way',
  }),
  http2_initial_window_size: setting<number>({
    flags: ['--http2-initial-window-size'],
    kind: integer({ min: 1, max: MAX_31_BITS, example: 65_535 }),
    default: 65_535,
    help: 'How much of a body an HTTP/2 client may send ahead, in bytes',
  }),
  http2_max_frame_size: setting<number>({
    flags: ['--http2-max-frame-size'],
    kind: integer({ min: 16_384, max: 16_777_215, example: 16_384 }),
    default: 16_384,
    help: 'Largest HTTP/2 frame that is taken, in bytes',
  }),
  http2_max_header_list_size: setting<number>({
    flags: ['--http2-max-header-list-size'],
    kind: integer({ max: MAX_31_BITS, example: 65_536 }),
    default: 65_536,
    help: 'Largest head of an HTTP/2 request, in bytes; 0 is unlimited',
    detail:
      'Uncompressed. What is larger is reset; within it, `limit_request_fields` and `limit_request_field_size` hold as in HTTP/1. Unlimited is 16 MB.',
  }),
};
