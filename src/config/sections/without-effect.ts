// Settings of Gunicorn's that are accepted, and have no effect: what they are about is done another way here, or not at all.

import { switchOff } from '../gunicorn-kinds.ts';
import { flag, integer, optionalText, text } from '../kinds.ts';
import { umask } from '../process-kinds.ts';
import { addressList } from '../request-kinds.ts';
import { setting } from '../setting.ts';

const ONLY_ASGI = 'only ASGI applications have it, and they are not supported yet';
const ONLY_DIRTY = 'Kirin has no dirty arbiters';
const NO_CONTROL = 'Kirin has no control socket; signals are what Gunicorn has';
const NOT_PYTHONS_SSL = "Python's ssl module serves no clients here";

export const withoutEffect = {
  sendfile: setting<boolean | null>({
    flags: ['--no-sendfile'],
    kind: switchOff,
    default: null,
    help: 'Whether workers call sendfile()',
    without: 'responses go through the edge, and workers send no files to sockets of clients',
  }),
  reuse_port: setting<boolean>({
    flags: ['--reuse-port'],
    kind: flag,
    default: false,
    help: 'A listening socket for each worker',
    without: 'one process accepts every connection, and gives requests to whichever worker is free',
  }),
  worker_tmp_dir: setting<string | null>({
    flags: ['--worker-tmp-dir'],
    kind: optionalText,
    default: null,
    help: "Folder of the workers' heartbeat files",
    without: 'workers have no heartbeat files; TMPDIR says where bodies are spooled',
  }),
  tmp_upload_dir: setting<string | null>({
    flags: [],
    kind: optionalText,
    default: null,
    help: 'Folder of bodies that are being received',
    without: 'Gunicorn does not use it, either; TMPDIR says where bodies are spooled',
  }),
  default_proc_name: setting<string>({
    flags: [],
    kind: text(),
    default: 'gunicorn',
    help: 'Name of the processes where there is no proc_name',
    without: 'that is the name of the application; set proc_name for another',
  }),
  http_parser: setting<string>({
    flags: ['--http-parser'],
    kind: text(),
    default: 'auto',
    help: 'Which HTTP parser',
    without: 'Kirin has one parser',
  }),
  uwsgi_allow_ips: setting<readonly string[]>({
    flags: ['--uwsgi-allow-from'],
    kind: addressList,
    default: ['127.0.0.1', '::1'],
    help: 'Who may speak the uwsgi protocol',
    without: 'nobody may: Kirin does not speak that protocol',
  }),
  ssl_version: setting<string | null>({
    flags: ['--ssl-version'],
    // In a file it is a constant of Python's ssl module, which is a number.
    kind: { ...optionalText, fromFile: (value) => (value === null ? null : String(value)) },
    default: null,
    help: 'Version of TLS',
    without:
      'Gunicorn ignores it, too; minimum_version, set by an ssl_context in the configuration file, is heeded',
  }),
  suppress_ragged_eofs: setting<boolean>({
    flags: ['--suppress-ragged-eofs'],
    kind: flag,
    default: true,
    help: 'Take a connection that just ends for one that is closed',
    without: NOT_PYTHONS_SSL,
  }),
  do_handshake_on_connect: setting<boolean>({
    flags: ['--do-handshake-on-connect'],
    kind: flag,
    default: false,
    help: 'Shake hands as soon as a client has connected',
    without: NOT_PYTHONS_SSL,
  }),
  asgi_loop: asgiText('--asgi-loop', 'auto', 'The event loop'),
  asgi_lifespan: asgiText('--asgi-lifespan', 'auto', 'Whether the application is told of its start and end'),
  asgi_disconnect_grace_period: asgiNumber(
    '--asgi-disconnect-grace-period',
    3,
    'How long a request may go on when its client has left',
  ),
  websocket_max_message_size: asgiNumber(
    '--websocket-max-message-size',
    16_777_216,
    'Largest message, in bytes',
  ),
  root_path: asgiText('--root-path', '', 'Path that the application is mounted at'),
  dirty_timeout: dirtyNumber('--dirty-timeout', 300, 'Deadline of a task'),
  dirty_threads: dirtyNumber('--dirty-threads', 1, 'Threads of a dirty worker'),
  dirty_graceful_timeout: dirtyNumber('--dirty-graceful-timeout', 30, 'How long tasks may finish'),
  control_socket: setting<string | null>({
    flags: ['--control-socket'],
    kind: optionalText,
    default: null,
    help: 'The control socket',
    without: NO_CONTROL,
  }),
  control_socket_mode: setting<number>({
    flags: ['--control-socket-mode'],
    kind: umask,
    default: 0o600,
    help: 'Mode of the control socket',
    without: NO_CONTROL,
  }),
  control_socket_disable: setting<boolean>({
    flags: ['--no-control-socket'],
    kind: flag,
    default: false,
    help: 'Have no control socket',
    without: 'there is none',
  }),
};

function asgiNumber(option: string, usual: number, help: string) {
  return numberWithout(option, usual, help, ONLY_ASGI);
}

function dirtyNumber(option: string, usual: number, help: string) {
  return numberWithout(option, usual, help, ONLY_DIRTY);
}

function numberWithout(option: string, usual: number, help: string, without: string) {
  return setting<number>({
    flags: [option],
    kind: integer({ example: usual }),
    default: usual,
    help,
    without,
  });
}

function asgiText(option: string, usual: string, help: string) {
  return setting<string>({ flags: [option], kind: text(), default: usual, help, without: ONLY_ASGI });
}
