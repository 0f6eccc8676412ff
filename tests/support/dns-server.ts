import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

const TYPE_A = 1;
const TYPE_AAAA = 28;
const NO_SUCH_NAME = 3;
const SERVER_FAILURE = 2;

type Records = { readonly addresses: readonly string[]; readonly ttlSeconds: number };

/** A name server on UDP, whose answers the test changes. Names that it does not know do not exist. */
export class DnsServer {
  readonly #socket: Socket = createSocket('udp4');
  readonly #names = new Map<string, Records | 'failing' | 'silent'>();
  /** Questions so far, as `app A`. */
  readonly questions: string[] = [];

  async listen(): Promise<void> {
    this.#socket.on('message', (query, from) => this.#answer(query, from));
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  set(name: string, addresses: readonly string[], ttlSeconds = 1): void {
    this.#names.set(name, { addresses, ttlSeconds });
  }

  /** It answers that it cannot say. */
  fail(name: string): void {
    this.#names.set(name, 'failing');
  }

  /** It does not answer at all. */
  silence(name: string): void {
    this.#names.set(name, 'silent');
  }

  close(): void {
    this.#socket.close();
  }

  #answer(query: Buffer, { port, address }: RemoteInfo): void {
    const { name, type, end } = questionOf(query);
    this.questions.push(`${name} ${type === TYPE_A ? 'A' : type === TYPE_AAAA ? 'AAAA' : type}`);
    const known = this.#names.get(name);
    if (known === 'silent') return;
    const records = known === undefined || known === 'failing' ? [] : recordsOf(known, type);
    const code = known === undefined ? NO_SUCH_NAME : known === 'failing' ? SERVER_FAILURE : 0;
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    // A response, recursion desired and available.
    head.writeUInt16BE(0x8180 | code, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    this.#socket.send(Buffer.concat([head, query.subarray(12, end), ...records]), port, address);
  }
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function recordsOf({ addresses, ttlSeconds }: Records, type: number): readonly Buffer[] {
  const isV4 = type === TYPE_A;
  if (!isV4 && type !== TYPE_AAAA) return [];
  return addresses
    .filter((address) => isIPv4(address) === isV4)
    .map((address) => {
      const data = isV4 ? Buffer.from(address.split('.').map(Number)) : bytesOfV6(address);
      const head = Buffer.alloc(12);
      // The name is that of the question.
      head.writeUInt16BE(0xc00c, 0);
      head.writeUInt16BE(type, 2);
      head.writeUInt16BE(1, 4);
      head.writeUInt32BE(ttlSeconds, 6);
      head.writeUInt16BE(data.length, 10);
      return Buffer.concat([head, data]);
    });
}

function bytesOfV6(address: string): Buffer {
  const [front = '', back] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const first = groups(front);
  const last = back === undefined ? [] : groups(back);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...first, ...zeros, ...last].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  }
  return bytes;
}

export async function startDnsServer(): Promise<DnsServer> {
  const server = new DnsServer();
  await server.listen();
  return server;
}
