import type { ServerHttp2Stream } from 'node:http2';

/** The response is on its way, and the request's rest is of no interest (RFC 9113 8.1). */
export function endReading(stream: ServerHttp2Stream): void {
  // There is none. Node ends it by itself when the stream closes; read before, it is destroyed while its last write is on its way, for which Node
  // makes an error, with its stack, that nobody sees: a quarter of what such a request costs.
  if (stream.endAfterHeaders) return;
  stream.resume();
  if (stream.readableEnded) return;
  const close = () => stream.close();
  if (stream.writableFinished) close();
  else stream.once('finish', close);
}
