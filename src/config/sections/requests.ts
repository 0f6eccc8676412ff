import { bytes, integer, seconds } from '../kinds.ts';
import { healthPath, mountPath } from '../request-kinds.ts';
import { setting } from '../setting.ts';

const GIBIBYTE = 2 ** 30;

export const requests = {
  keepalive: setting<number>({
    flags: ['--keep-alive'],
    kind: seconds,
    default: 75,
    help: 'How long an idle client connection is kept open',
    detail:
      "Gunicorn's default is 2. Load balancers keep theirs for 60 seconds or so; a server that closes first makes them answer 502.",
  }),
  header_timeout: setting<number>({
    flags: ['--header-timeout'],
    kind: seconds,
    default: 30,
    help: 'How long a client may take to send a whole request head; 0 is forever',
  }),
  body_timeout: setting<number>({
    flags: ['--body-timeout'],
    kind: seconds,
    default: 30,
    help: 'How long a client may be silent while it sends a body; 0 is forever',
  }),
  send_timeout: setting<number>({
    flags: ['--send-timeout'],
    kind: seconds,
    default: 60,
    help: 'How long a client may take nothing of a response; 0 is forever',
  }),
  limit_request_line: setting<number>({
    flags: ['--limit-request-line'],
    kind: integer({ example: 4094 }),
    default: 4094,
    help: 'Longest request line, in bytes; 0 is unlimited',
  }),
  limit_request_fields: setting<number>({
    flags: ['--limit-request-fields'],
    kind: integer({ min: 1, example: 100 }),
    default: 100,
    help: 'Most header fields in a request',
  }),
  limit_request_field_size: setting<number>({
    // The underscore is Gunicorn's; dashes and underscores are taken alike in every flag.
    flags: ['--limit-request-field_size'],
    kind: integer({ example: 8190 }),
    default: 8190,
    help: 'Longest header field, in bytes; 0 is unlimited',
  }),
  limit_request_body: setting<number>({
    flags: ['--limit-request-body'],
    kind: bytes({ example: '10M' }),
    default: 2 * GIBIBYTE,
    help: 'Largest request body; 0 is unlimited',
  }),
  body_buffer_size: setting<number>({
    flags: ['--body-buffer-size'],
    kind: bytes({ example: '64K' }),
    default: 65_536,
    help: 'How much of a body is held in memory before it goes to a file',
    detail:
      'Of a request, while it arrives; of a response, while its client is slower than the worker. Each connection may hold this much, and with HTTP/2 each request; of responses only 16 KiB each, once there are more than eight.',
  }),
  response_spool_size: setting<number>({
    flags: ['--response-spool-size'],
    kind: bytes({ example: '1G' }),
    default: GIBIBYTE,
    help: 'Most of a response kept on disk for a slow client',
    detail:
      'Of all that a client gets over one connection at the same time, by HTTP/2. Beyond it the worker waits for the client. 0 keeps nothing on disk: the worker waits as soon as the buffer is full.',
  }),
  script_name: setting<string>({
    flags: [],
    kind: mountPath,
    default: '',
    environment: { variable: 'SCRIPT_NAME' },
    help: 'Path that the app is mounted at',
  }),
  health_path: setting<string | null>({
    flags: ['--health-path'],
    kind: healthPath,
    default: null,
    help: 'Prefix of the pages PATH/live, PATH/ready and PATH/metrics',
  }),
};
