import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { within } from './wait-for.ts';

export interface Http2Answer {
  readonly status: number;
  readonly fields: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A connection of Node's client to this machine, under the name of its certificate. */
export function openHttp2(port: number, options: SecureClientSessionOptions): ClientHttp2Session {
  const session = connect(`https://localhost:${port}`, {
    host: '127.0.0.1',
    servername: 'localhost',
    ...options,
  });
  session.on('error', () => {});
  return session;
}

export function request(
  session: ClientHttp2Session,
  fields: OutgoingHttpHeaders,
  body: Buffer | string | null = null,
): ClientHttp2Stream {
  const stream = session.request(fields, { endStream: body === null });
  stream.on('error', () => {});
  if (body !== null) stream.end(body);
  return stream;
}

/** The whole response; fails when the stream is reset. */
export async function answerOf(stream: ClientHttp2Stream, timeoutMs = 30_000): Promise<Http2Answer> {
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  const closed = once(stream, 'close');
  const reset = closed.then(() => {
    throw new Error(`reset with ${stream.rstCode}`);
  });
  reset.catch(() => {});
  const answer = async () => {
    const [fields] = (await Promise.race([once(stream, 'response'), reset])) as [
      IncomingHttpHeaders & { readonly ':status': number },
    ];
    await closed;
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`reset with ${stream.rstCode}`);
    return { status: fields[':status'], fields, body: Buffer.concat(parts) };
  };
  return within(timeoutMs, 'a response', answer());
}
