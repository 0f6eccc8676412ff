// The least that a server on Node can cost: bare node:net, a constant response, and no look at the request
// beyond its length. A read is taken for one request: wrk writes each in one piece and does not pipeline.

import { createServer } from 'node:net';

const [port, uploadBytes, bodyBytes] = process.argv.slice(2).map(Number) as [number, number, number];

const body =
  uploadBytes > 0 ? String(uploadBytes) : bodyBytes === 13 ? 'Hello, World!' : 'x'.repeat(bodyBytes);
const response = `HTTP/1.1 200 OK\r\nServer: floor\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const server = createServer({ noDelay: true }, (socket) => {
  let missingBytes = 0;
  socket.on('data', (chunk: Buffer) => {
    if (uploadBytes > 0) {
      if (missingBytes === 0) missingBytes = chunk.indexOf('\r\n\r\n') + 4 + uploadBytes;
      missingBytes -= chunk.length;
      if (missingBytes > 0) return;
    }
    socket.write(response, 'latin1');
  });
  socket.on('error', () => socket.destroy());
});
server.listen({ port, host: '127.0.0.1', backlog: 2048 });
process.on('SIGTERM', () => process.exit(0));
