import { ANYTHING, type Row } from './row.ts';

const variable = (name: string): RegExp => new RegExp(`variable ${name.replace('.', '\\.')}$`);

export const environRows = {
  'server software': {
    told: '| `SERVER_SOFTWARE` | `gunicorn/27.0.1` | `kirin/0.1.0` |',
    everywhere: true,
    shows: [
      {
        where: variable('SERVER_SOFTWARE'),
        gunicorn: /^str 'gunicorn\/27\.0\.1'$/,
        kirin: /^str 'kirin\/0\.1\.0'$/,
      },
    ],
  },
  'no socket': {
    told: '| `gunicorn.socket` | the socket of the client |',
    everywhere: true,
    shows: [{ where: variable('gunicorn.socket'), gunicorn: /^object$/ }],
  },
  'client left': {
    told: '| `kirin.client_left` | |',
    everywhere: true,
    shows: [{ where: variable('kirin.client_left'), kirin: /^callable$/ }],
  },
  'chunked body': {
    told: '| a chunked body | `HTTP_TRANSFER_ENCODING` |',
    shows: [
      { where: variable('HTTP_TRANSFER_ENCODING'), gunicorn: /^str 'chunked'$/ },
      { where: variable('CONTENT_LENGTH'), kirin: /^str '\d+'$/ },
    ],
  },
  'joined cookies': {
    told: '| `Cookie` that comes twice | joined with a comma, which breaks the second |',
    shows: [{ where: variable('HTTP_COOKIE'), gunicorn: /^str 'a=1,b=2'$/, kirin: /^str 'a=1; b=2'$/ }],
  },
  asterisk: {
    told: '| `OPTIONS *` | `PATH_INFO` is `*` | it is empty: a path begins with a slash |',
    shows: [{ where: variable('PATH_INFO'), gunicorn: /^str '\*'$/, kirin: /^str ''$/ }],
  },
  'forwarded mount': {
    told: '`SCRIPT_NAME` from somebody who is not trusted never mounts the application, also under `--header-map dangerous`; Gunicorn answers 500',
    shows: [
      { where: /^environ of GET \/environ, SCRIPT_NAME: \/shop: /, gunicorn: ANYTHING, kirin: ANYTHING },
    ],
  },
  'no host on a unix socket': {
    told: '| HTTP/1.0 without `Host` over a unix socket | `SERVER_NAME` is the path of the socket, `SERVER_PORT` is empty |',
    shows: [
      { where: variable('SERVER_NAME'), gunicorn: /^str 'site\.sock'$/, kirin: /^str 'localhost'$/ },
      { where: variable('SERVER_PORT'), gunicorn: /^str ''$/, kirin: /^str '80'$/ },
    ],
  },
  'software of the process': {
    told: 'The same stands in the environment of the process, as under Gunicorn',
    shows: [
      {
        where: /process\?A,B,C,SERVER_SOFTWARE: body$/,
        gunicorn: /"SERVER_SOFTWARE": "gunicorn\/27\.0\.1"\} *$/,
        kirin: /"SERVER_SOFTWARE": "kirin\/0\.1\.0"\} *$/,
      },
    ],
  },
  'variables of TLS': {
    told: '| `HTTPS`, `SSL_PROTOCOL` and their like in the environ | missing | there, as PEP 3333 wants |',
    shows: [{ where: /variable (HTTPS|SSL_CIPHER|SSL_PROTOCOL)$/, kirin: /^str '(on|TLS\S+)'$/ }],
  },
} as const satisfies Record<string, Row>;
