import { createServer } from 'node:net';

/** A TCP port that was free a moment ago, for programs that cannot bind port 0. */
export async function findFreePort(host = '127.0.0.1'): Promise<number> {
  const port = await tryToBind(0, host);
  if (port === null) throw new Error(`no free port on ${host}`);
  return port;
}

/** The given port when it is free on all addresses, else another. */
export async function preferPort(port: number): Promise<number> {
  return (await tryToBind(port, '0.0.0.0')) ?? (await findFreePort('0.0.0.0'));
}

function tryToBind(port: number, host: string): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address ? address.port : null;
      server.close(() => resolve(bound));
    });
  });
}
