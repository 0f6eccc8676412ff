// What a client says before anything is encrypted (RFC 8446 4.1.2), as far as it decides who answers. TLS itself is OpenSSL's, which
// reads the same bytes again, and refuses what is wrong with them.

export interface ClientHello {
  /** The host that it wants, in lower case (RFC 6066 3); null: it does not say. */
  readonly serverName: string | null;
  /** What it offers to speak (RFC 7301). */
  readonly protocols: readonly string[];
}

/** The rest is on its way: nothing more can be told before there are so many bytes in all. */
export interface MoreNeeded {
  readonly atLeast: number;
}

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
/** Version and random. */
const FIXED_PART = 34;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const ALPN = 16;

const NOTHING: ClientHello = { serverName: null, protocols: [] };

/** `bytes`: the client's, from the first. What is no hello, or longer than `maxBytes`, says nothing. */
export function readClientHello(bytes: Buffer, maxBytes: number): ClientHello | MoreNeeded {
  const message = joinRecords(bytes);
  if (message === null) return NOTHING;
  if (!Buffer.isBuffer(message)) return message.atLeast > maxBytes ? NOTHING : message;
  try {
    return readExtensions(extensionsOf(message));
  } catch (error) {
    if (error instanceof RangeError) return NOTHING;
    throw error;
  }
}

/** A message may be spread over several records. null: it is none. */
function joinRecords(bytes: Buffer): Buffer | MoreNeeded | null {
  const parts: Buffer[] = [];
  let length = 0;
  let wanted = MESSAGE_HEADER;
  for (let at = 0; ; ) {
    if (bytes.length < at + RECORD_HEADER) return { atLeast: at + RECORD_HEADER };
    if (bytes[at] !== HANDSHAKE_RECORD) return null;
    const size = bytes.readUInt16BE(at + 3);
    // OpenSSL takes none that are empty.
    if (size === 0) return null;
    const part = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + size);
    parts.push(part);
    length += part.length;
    if (length >= wanted && wanted === MESSAGE_HEADER) {
      const header = Buffer.concat(parts);
      if (header[0] !== CLIENT_HELLO) return null;
      wanted += header.readUIntBE(1, 3);
    }
    if (length >= wanted) return Buffer.concat(parts).subarray(MESSAGE_HEADER, wanted);
    if (part.length < size)
      return { atLeast: at + RECORD_HEADER + Math.min(size, part.length + wanted - length) };
    at += RECORD_HEADER + size;
  }
}

/** @throws {RangeError} as everything below, where a length leads out of the message */
function extensionsOf(message: Buffer): Buffer {
  const reader = new Reader(message);
  reader.skip(FIXED_PART);
  reader.take(1); // legacy_session_id
  reader.take(2); // cipher_suites
  reader.take(1); // legacy_compression_methods
  return reader.isAtEnd ? Buffer.alloc(0) : reader.take(2);
}

function readExtensions(extensions: Buffer): ClientHello {
  let { serverName, protocols } = NOTHING;
  for (const reader = new Reader(extensions); !reader.isAtEnd; ) {
    const type = reader.number(2);
    const data = new Reader(reader.take(2));
    if (type === SERVER_NAME) serverName = hostName(new Reader(data.take(2)));
    else if (type === ALPN) protocols = [...names(new Reader(data.take(2)))];
  }
  return { serverName, protocols };
}

function hostName(list: Reader): string | null {
  while (!list.isAtEnd) {
    const type = list.number(1);
    const name = list.take(2).toString('latin1');
    if (type === HOST_NAME) return name.toLowerCase();
  }
  return null;
}

function* names(list: Reader): Generator<string> {
  while (!list.isAtEnd) yield list.take(1).toString('latin1');
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  skip(length: number): void {
    this.#at += length;
  }

  number(size: 1 | 2): number {
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  /** What stands behind its length, which has `size` bytes. */
  take(size: 1 | 2): Buffer {
    const length = this.number(size);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('it ends before its length');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
