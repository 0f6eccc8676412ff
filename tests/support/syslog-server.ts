import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { testPython } from './project.ts';
import { waitFor } from './wait-for.ts';

// Node has no unix sockets for datagrams.
const UNIX_DATAGRAMS = `
import json, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("{}", flush=True)
while True:
    print(json.dumps(receiver.recv(1 << 20).decode("utf-8", "replace")), flush=True)
`;

/** What a program would be that receives records, or metrics: keeps every datagram, or every line of a stream. */
export class SyslogServer {
  /** As they came; lines without their end. */
  readonly messages: string[] = [];
  /** Where it listens, as an address of syslog. */
  readonly address: string;
  readonly #close: () => Promise<void>;

  private constructor(address: string, messages: string[], close: () => Promise<void>) {
    this.address = address;
    this.messages = messages;
    this.#close = close;
  }

  static async udp(port = 0): Promise<SyslogServer> {
    const messages: string[] = [];
    const socket = createSocket('udp4', (datagram) => messages.push(datagram.toString()));
    await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve));
    const close = () => new Promise<void>((resolve) => socket.close(() => resolve()));
    return new SyslogServer(`udp://127.0.0.1:${socket.address().port}`, messages, close);
  }

  /** `where`: a port, 0 for any, or the path of a unix socket. `isRead`: whether it reads what it is sent. */
  static async stream(where: number | string, { isRead = true } = {}): Promise<SyslogServer> {
    const messages: string[] = [];
    const clients = new Set<Socket>();
    const server = createServer((client) => {
      clients.add(client);
      client.on('error', () => {});
      if (isRead) createInterface({ input: client }).on('line', (line) => messages.push(line));
      else client.pause();
    });
    await listen(server, where);
    const close = async () => {
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    };
    const bound = server.address();
    const address = typeof bound === 'string' ? `unix://${bound}` : `tcp://127.0.0.1:${bound?.port}`;
    return new SyslogServer(address, messages, close);
  }

  static async unixDatagrams(path: string): Promise<SyslogServer> {
    const messages: string[] = [];
    const child = spawn(testPython, ['-c', UNIX_DATAGRAMS, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let isBound = false;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (isBound) messages.push(JSON.parse(line));
      isBound = true;
    });
    await waitFor(() => isBound, { what: 'the socket for datagrams' });
    return new SyslogServer(`unix://${path}`, messages, () => ended(child));
  }

  /** The first message that matches; waits for it. */
  async next(pattern: RegExp): Promise<string> {
    return waitFor(() => this.messages.find((message) => pattern.test(message)), {
      what: `${pattern} in syslog`,
      details: () => this.messages.join('\n'),
    });
  }

  close(): Promise<void> {
    return this.#close();
  }
}

function listen(server: Server, where: number | string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    if (typeof where === 'number') server.listen(where, '127.0.0.1', resolve);
    else server.listen(where, resolve);
  });
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}
