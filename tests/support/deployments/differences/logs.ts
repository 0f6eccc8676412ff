import type { Row } from './row.ts';

const ERROR_LOG = /^error log$/;
const ACCESS_LOG = /^access log$/;

export const logRows = {
  'more lines': {
    told: '| more lines at info | `Control socket listening at` | `Using python`, `Ready` |',
    everywhere: true,
    shows: [
      { where: ERROR_LOG, gunicorn: /^(INFO Control socket listening at \S+$|ERROR Control server error: )/ },
      // When TERM comes twice.
      { where: ERROR_LOG, gunicorn: /^INFO Worker \(pid:PID\) was sent SIGTERM!$/ },
      { where: ERROR_LOG, kirin: /^INFO (Using python: |Ready: \d+ workers?(, generation \d+)?$)/ },
    ],
  },
  'invalid requests': {
    told: '| `Invalid request from ip=…:` | the reason in its words |',
    shows: [
      { where: ERROR_LOG, gunicorn: /^WARNING Invalid request from ip=[\d.]*: / },
      { where: ERROR_LOG, kirin: /^WARNING Invalid request from ip=[\d.]*: / },
    ],
  },
  'bodies that are dropped': {
    told: '| a body for HEAD, 204 or 304 | a bare line in the log for HEAD, too |',
    shows: [
      { where: ERROR_LOG, gunicorn: /^WSGI app sent body bytes on a no-body response/ },
      {
        where: ERROR_LOG,
        kirin: /^WARNING Request \S+: the application gave a body to a response \d+, which has none/,
      },
    ],
  },
  'dropped fields': {
    told: '| `Keep-Alive`, `Transfer-Encoding` and their like from the application | dropped | dropped, and a warning',
    shows: [
      {
        where: ERROR_LOG,
        kirin: /^WARNING The application sets the header \S+, which is the server's to set/,
      },
    ],
  },
  'bytes of files': {
    told: '| bytes of files (`%(b)s`) | 0 for a file that `wsgi.file_wrapper` sends | its bytes |',
    shows: [
      { where: ACCESS_LOG, gunicorn: /"GET \/(file|source)\S* HTTP\/1\.1" 20[06] 0 / },
      { where: ACCESS_LOG, kirin: /"GET \/(file|source)\S* HTTP\/1\.1" 20[06] \d+ / },
    ],
  },
  'bytes of errors': {
    told: '| bytes of pages of errors | 0, and no Referer and User-Agent | all of it |',
    shows: [
      { where: ACCESS_LOG, gunicorn: /" 500 0 "-" "-"$/ },
      { where: ACCESS_LOG, kirin: /" 500 \d+ "/ },
    ],
  },
  'refusals in the access log': {
    told: '| malformed requests in the access log | those whose head could be read | none |',
    shows: [{ where: ACCESS_LOG, gunicorn: /" 4\d\d 0 "-" "-"$/ }],
  },
  'address on a unix socket': {
    told: '| the address of a client on a unix socket (`%(h)s`) | nothing | `-`, so that the fields stay in their places |',
    shows: [
      { where: ACCESS_LOG, gunicorn: /^ - - \[TIME\] / },
      { where: ACCESS_LOG, kirin: /^- - - \[TIME\] / },
    ],
  },
  'request of an error': {
    told: '| an error after the response has begun | `Error handling request` | with the method and the path, as before |',
    shows: [
      { where: ERROR_LOG, gunicorn: /^ERROR Error handling request$/ },
      { where: ERROR_LOG, kirin: /^ERROR Error handling request GET \/raises-midway$/ },
    ],
  },
  'sys.exit': {
    told: '| `sys.exit()` in a request | 500, and in the log | 500, and the log says that',
    shows: [
      { where: ERROR_LOG, gunicorn: /^ERROR Error handling request GET \/exits$/ },
      { where: ERROR_LOG, kirin: /^ERROR .*: the application called sys\.exit\(\); the worker goes on$/ },
    ],
  },
  'misspelt settings': {
    told: '| a name that is no setting | ignored | ignored; a warning when it looks like a misspelt setting',
    shows: [{ where: ERROR_LOG, kirin: /^WARNING \S+: keep_alive is no setting; did you mean keepalive\?$/ }],
  },
  'settings without effect': {
    told: 'it is accepted and has no effect, because what it is about is done another way here: said once at the start, at info',
    shows: [{ where: ERROR_LOG, kirin: /^INFO worker_tmp_dir \(from .*\) has no effect: / }],
  },
} as const satisfies Record<string, Row>;
