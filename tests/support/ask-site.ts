import { connect, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { answerOf, request } from './http2-client.ts';
import { RawConnection } from './raw-connection.ts';

export interface SiteAnswer {
  readonly status: number;
  /** By names in lower case; several of one name are joined. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  readonly text: string;
}

export interface SiteQuestion {
  readonly host?: string;
  readonly method?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

type Ask = (port: number, target: string, question?: SiteQuestion) => Promise<SiteAnswer>;

const HOST = 'shop.example';

/** One request on a connection of its own. */
export const askSite: Ask = async (port, target, question = {}) => {
  const { host = HOST, method = 'GET', fields = {}, body } = question;
  const content = body === undefined ? null : Buffer.from(body);
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  if (content !== null) lines.push(`Content-Length: ${content.length}\r\n`);
  const connection = await RawConnection.open({ port });
  try {
    connection.send(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}\r\n`);
    if (content !== null) connection.send(content);
    const response = await connection.readResponse({ method });
    const headers = new Map<string, string>();
    for (const [name, value] of response.fields) {
      const key = name.toLowerCase();
      const before = headers.get(key);
      headers.set(key, before === undefined ? value : `${before}, ${value}`);
    }
    return answer(response.status, headers, response.body);
  } finally {
    connection.destroy();
  }
};

/** Who is trusted: with these alone Kirin speaks HTTP/2 without TLS, and with these nothing else. */
const TRUSTED = '127.0.0.2';

/** The same by HTTP/2, from a trusted address. */
export const askSiteByHttp2: Ask = async (port, target, question = {}) => {
  const { host = HOST, method = 'GET', fields = {}, body } = question;
  const session = connect(`http://127.0.0.1:${port}`, {
    createConnection: () => connectSocket({ port, host: '127.0.0.1', localAddress: TRUSTED }),
  });
  session.on('error', () => {});
  try {
    const head: OutgoingHttpHeaders = { ...fields, ':method': method, ':path': target, ':authority': host };
    const { status, fields: given, body: content } = await answerOf(request(session, head, body ?? null));
    const pairs = Object.entries(given).map(([name, value]) => [name, [value].flat().join(', ')] as const);
    return answer(status, new Map(pairs), content);
  } finally {
    session.destroy();
  }
};

/** Both, for what has to hold with either. */
export const EACH_VERSION: readonly (readonly [version: string, ask: Ask])[] = [
  ['HTTP/1.1', askSite],
  ['HTTP/2', askSiteByHttp2],
];

/** Lines of a kirin.toml that let both versions of HTTP be spoken, on a free port. */
export const ANY_VERSION = [
  'bind = "127.0.0.1:0"',
  'http_protocols = "h2,h1"',
  'http2_cleartext = "prior-knowledge"',
  `forwarded_allow_ips = "${TRUSTED}"`,
].join('\n');

function answer(status: number, headers: ReadonlyMap<string, string>, body: Buffer): SiteAnswer {
  return { status, headers, body, text: body.toString('utf8') };
}
