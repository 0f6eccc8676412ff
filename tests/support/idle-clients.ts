// A process that holds many connections open: node idle-clients.js PORT COUNT. It sends one request on each, reports how many were answered,
// and does so once more on every one of them when it is told to.
import { connect, type Socket } from 'node:net';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
/** Connections being opened at a time: fewer than any listening queue holds. */
const AT_A_TIME = 100;

const port = Number(process.argv[2]);
const count = Number(process.argv[3]);
const sockets: Socket[] = [];
let ended = 0;

function ask(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (answered: boolean) => {
      socket.off('data', onData).off('close', onClose);
      resolve(answered);
    };
    const onData = (bytes: Buffer) => done(bytes.toString('latin1').startsWith('HTTP/1.1 200'));
    const onClose = () => done(false);
    socket.on('data', onData).on('close', onClose);
    socket.write(REQUEST);
  });
}

function open(): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.on('end', () => {
    ended += 1;
  });
  sockets.push(socket);
  return ask(socket);
}

let opened = 0;
while (sockets.length < count) {
  const batch = Array.from({ length: Math.min(AT_A_TIME, count - sockets.length) }, open);
  opened += (await Promise.all(batch)).filter(Boolean).length;
}
process.send?.({ opened, failed: count - opened });

process.once('message', async () => {
  let answered = 0;
  for (let at = 0; at < sockets.length; at += AT_A_TIME) {
    answered += (await Promise.all(sockets.slice(at, at + AT_A_TIME).map(ask))).filter(Boolean).length;
  }
  process.send?.({ answered, ended });
});
process.once('disconnect', () => process.exit());
