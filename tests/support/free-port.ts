import { createServer, type ListenOptions } from 'node:net';

/** A TCP port that was free a moment ago, for programs that cannot bind port 0. */
export async function findFreePort(host = '127.0.0.1'): Promise<number> {
  const port = await tryToListen({ port: 0, host });
  if (port === null) throw new Error(`no free port on ${host}`);
  return port;
}

/** The given port when it is free on all addresses and no other test process wants it, else another. */
export async function preferPort(port: number): Promise<number> {
  const isOurs = await claim(port);
  const bound = isOurs ? await tryToListen({ port, host: '0.0.0.0' }) : null;
  return bound ?? (await findFreePort('0.0.0.0'));
}

/** One that stays free until somebody binds it later: the system gives it to nobody who asks for any port. */
export async function findLastingPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if ((await claim(port)) && (await tryToListen({ port, host: '0.0.0.0' })) !== null) return port;
  }
}

const claims = new Map<number, Promise<boolean>>();

/** Keeps other test processes off the port until this one ends, by an abstract socket that bears its number. */
function claim(port: number): Promise<boolean> {
  const known = claims.get(port);
  if (known !== undefined) return known;
  const claimed = new Promise<boolean>((resolve) => {
    const server = createServer().unref();
    server.once('error', () => resolve(false));
    server.listen(`\0kirin-tests-port-${port}`, () => resolve(true));
  });
  claims.set(port, claimed);
  return claimed;
}

/** The port that could be bound, or null. */
function tryToListen(options: ListenOptions): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(options, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address ? address.port : null;
      server.close(() => resolve(bound));
    });
  });
}
