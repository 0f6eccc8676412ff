// An application server behind a proxy, a process that can be killed: node upstream-app.js NAME HOST PORT BACKLOG.
// It answers its name, or /large with 300 kB, and does what it is told.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it may be told to do from now on. */
export interface UpstreamOrders {
  /** Of every answer but that to /health. */
  readonly status?: number;
  /** Of the answer to /health. */
  readonly health?: number;
  /** Requests wait until this is taken back. */
  readonly holds?: boolean;
}

const [name = '', host = '127.0.0.1', port = '0', backlog = '511'] = process.argv.slice(2);
let orders: Required<UpstreamOrders> = { status: 200, health: 200, holds: false };
const held: ServerResponse[] = [];

const LARGE = Buffer.alloc(300_000, 'a');

const answer = (response: ServerResponse) => response.writeHead(orders.status).end(name);

const server = createServer((request, response) => {
  request.resume();
  if (request.url === '/health') response.writeHead(orders.health).end();
  else if (request.url === '/large') response.end(LARGE);
  else if (orders.holds) held.push(response);
  else answer(response);
});

/** To its own name first, and then to an echo. */
server.on('upgrade', (_, socket) => {
  socket.on('error', () => {});
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n${name}`);
  socket.pipe(socket);
});

process.on('message', (message: UpstreamOrders) => {
  orders = { ...orders, ...message };
  if (!orders.holds) for (const response of held.splice(0)) answer(response);
  process.send?.({ obeyed: true });
});
process.on('disconnect', () => process.exit());
server.listen(Number(port), host, Number(backlog), () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
