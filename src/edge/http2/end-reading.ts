import type { ServerHttp2Stream } from 'node:http2';

/** The response is on its way, and the request's rest is of no interest (RFC 9113 8.1). */
export function endReading(stream: ServerHttp2Stream): void {
  stream.resume();
  if (stream.readableEnded || stream.endAfterHeaders) return;
  const close = () => stream.close();
  if (stream.writableFinished) close();
  else stream.once('finish', close);
}
