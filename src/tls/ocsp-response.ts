// What an authority says of a certificate (RFC 6960), as far as it matters whether clients are to be told. Clients check its signature.

export interface OcspResponse {
  /** Of the certificates that it is about, in hexadecimal digits. */
  readonly serialNumbers: readonly string[];
  readonly status: 'good' | 'revoked' | 'unknown';
  /** From then on clients take it no more; null: it does not say. */
  readonly untilMs: number | null;
}

const TAG = {
  integer: 0x02,
  octets: 0x04,
  enumerated: 0x0a,
  time: 0x18,
  sequence: 0x30,
  explicit: 0xa0,
} as const;
const STATUSES = ['good', 'revoked', 'unknown'] as const;

/** null: it is none in DER form, or one that says only why there is none. */
export function readOcspResponse(bytes: Buffer): OcspResponse | null {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function read(bytes: Buffer): OcspResponse {
  const response = new DerReader(bytes).inside(TAG.sequence);
  if (response.take(TAG.enumerated)[0] !== 0) throw new RangeError('it is no answer');
  const typed = response.inside(TAG.explicit).inside(TAG.sequence);
  typed.skip(); // its type: there is one alone
  const data = new DerReader(typed.take(TAG.octets)).inside(TAG.sequence).inside(TAG.sequence);
  if (data.tag === TAG.explicit) data.skip(); // version
  data.skip(); // who says it
  data.take(TAG.time); // when
  const answers = data.inside(TAG.sequence);
  const read: OcspResponse[] = [];
  while (!answers.isAtEnd) read.push(readAnswer(answers.inside(TAG.sequence)));
  const [first] = read;
  if (first === undefined) throw new RangeError('it says nothing');
  return { ...first, serialNumbers: read.flatMap(({ serialNumbers }) => serialNumbers) };
}

function readAnswer(answer: DerReader): OcspResponse {
  const id = answer.inside(TAG.sequence);
  id.skip(); // the hash
  id.skip(); // of the issuer's name
  id.skip(); // of its key
  const serialNumber = id
    .take(TAG.integer)
    .toString('hex')
    .replace(/^(00)+/, '')
    .toUpperCase();
  const status = STATUSES[answer.tag & 0x1f] ?? 'unknown';
  answer.skip();
  answer.take(TAG.time); // thisUpdate
  const hasEnd = !answer.isAtEnd && answer.tag === TAG.explicit;
  const untilMs = hasEnd ? timeOf(answer.inside(TAG.explicit).take(TAG.time)) : null;
  return { serialNumbers: [serialNumber], status, untilMs };
}

/** `20261231235959Z` */
function timeOf(bytes: Buffer): number {
  const text = bytes.toString('latin1');
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const ms = Date.parse(iso);
  if (iso === text || Number.isNaN(ms)) throw new RangeError('it is no time');
  return ms;
}

/** Reads values of DER one after another. Whatever does not fit is a RangeError. */
class DerReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Of the next value. */
  get tag(): number {
    return this.#bytes.readUInt8(this.#at);
  }

  take(tag: number): Buffer {
    if (this.tag !== tag) throw new RangeError(`the tag is ${this.tag}, not ${tag}`);
    return this.skip();
  }

  inside(tag: number): DerReader {
    return new DerReader(this.take(tag));
  }

  skip(): Buffer {
    const first = this.#bytes.readUInt8(this.#at + 1);
    const size = first < 0x80 ? 0 : first & 0x7f;
    // No response has more than 2^24 bytes; a length without an end is none of DER's.
    if (first === 0x80 || size > 3) throw new RangeError('the length is none');
    const length = size === 0 ? first : this.#bytes.readUIntBE(this.#at + 2, size);
    const start = this.#at + 2 + size;
    if (start + length > this.#bytes.length) throw new RangeError('it ends before its length');
    this.#at = start + length;
    return this.#bytes.subarray(start, this.#at);
  }
}
