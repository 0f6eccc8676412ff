// A strict reader of HTTP/1 responses. What a lenient client would forgive is an error here, so that tests see it.

export interface RawResponse {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** How the body's end was found. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** The whole head as it came. */
  readonly head: string;
}

export interface ReadResult {
  readonly response: RawResponse;
  /** Bytes of the input that the response took. */
  readonly length: number;
}

interface Head {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly text: string;
  readonly length: number;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const STATUS_LINE = /^(HTTP\/1\.[01]) ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/;
const FIELD_LINE = new RegExp(
  `^(${TOKEN}):[ \\t]*((?:[\\x21-\\x7e\\x80-\\xff](?:[\\t\\x20-\\x7e\\x80-\\xff]*[\\x21-\\x7e\\x80-\\xff])?)?)[ \\t]*$`,
);
const CHUNK_LINE = /^([0-9A-Fa-f]{1,8})(?:;[\t\x20-\x7e]*)?$/;

/**
 * Reads one response from the start of `bytes`, or gives null when more bytes are needed. `ended` says that none will come.
 * Throws when the bytes are not a valid response, or end inside one.
 */
export function readResponse(
  bytes: Buffer,
  { method, ended }: { method: string; ended: boolean },
): ReadResult | null {
  const head = readHead(bytes);
  if (!head) {
    if (ended) throw new Error(`the connection ended inside a head: ${quote(bytes)}`);
    return null;
  }
  const body = readBody(bytes.subarray(head.length), head, method, ended);
  if (!body) {
    if (ended)
      throw new Error(`the connection ended inside a body, after ${bytes.length - head.length} bytes of it`);
    return null;
  }
  const { version, status, reason, fields, text } = head;
  const { content, framing, trailers } = body;
  return {
    response: { version, status, reason, fields, body: content, framing, trailers, head: text },
    length: head.length + body.length,
  };
}

/** All values of the field, in order. */
export function fieldValues(response: RawResponse, name: string): string[] {
  return response.fields
    .filter(([found]) => found.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);
}

/** The field's one value; undefined when it is missing. Throws when there are several. */
export function fieldValue(response: RawResponse, name: string): string | undefined {
  const values = fieldValues(response, name);
  if (values.length > 1) throw new Error(`several ${name} fields: ${values.join(' | ')}`);
  return values[0];
}

function readHead(bytes: Buffer): Head | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const text = bytes.toString('latin1', 0, end);
  const [statusLine = '', ...lines] = splitLines(text);
  const match = STATUS_LINE.exec(statusLine);
  if (!match) throw new Error(`bad status line: ${JSON.stringify(statusLine)}`);
  const [, version = '', status, reason = ''] = match;
  return { version, status: Number(status), reason, fields: lines.map(readField), text, length: end + 4 };
}

function readField(line: string): [string, string] {
  const match = FIELD_LINE.exec(line);
  if (!match) throw new Error(`bad field line: ${JSON.stringify(line)}`);
  const [, name = '', value = ''] = match;
  return [name, value];
}

function splitLines(text: string): string[] {
  const lines = text.split('\r\n');
  const bad = lines.find((line) => /[\r\n]/.test(line));
  if (bad !== undefined) throw new Error(`bare CR or LF in a head: ${JSON.stringify(bad)}`);
  return lines;
}

interface Body {
  readonly content: Buffer;
  readonly framing: RawResponse['framing'];
  readonly trailers: RawResponse['trailers'];
  readonly length: number;
}

function readBody(bytes: Buffer, head: Head, method: string, ended: boolean): Body | null {
  const codings = valuesOf(head, 'transfer-encoding');
  const lengths = valuesOf(head, 'content-length');
  if (lengths.length > 1) throw new Error(`several Content-Length fields: ${lengths.join(' | ')}`);
  if (codings.length > 0 && lengths.length > 0) throw new Error('both Transfer-Encoding and Content-Length');
  if (codings.length > 0 && (head.status < 200 || head.status === 204)) {
    throw new Error(`Transfer-Encoding in a ${head.status} response`);
  }
  if (lengths.length > 0 && (head.status < 200 || head.status === 204)) {
    throw new Error(`Content-Length in a ${head.status} response`);
  }

  const none = { content: Buffer.alloc(0), framing: 'none', trailers: [], length: 0 } as const;
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) return none;
  if (codings.length > 0) {
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
      throw new Error(`unexpected Transfer-Encoding: ${codings.join(' | ')}`);
    }
    if (head.version === 'HTTP/1.0') throw new Error('Transfer-Encoding in an HTTP/1.0 response');
    return readChunked(bytes);
  }
  if (lengths[0] !== undefined) {
    if (!/^\d+$/.test(lengths[0])) throw new Error(`bad Content-Length: ${lengths[0]}`);
    const length = Number(lengths[0]);
    if (bytes.length < length) return null;
    return { content: bytes.subarray(0, length), framing: 'length', trailers: [], length };
  }
  if (!ended) return null;
  return { content: bytes, framing: 'close', trailers: [], length: bytes.length };
}

function readChunked(bytes: Buffer): Body | null {
  const chunks: Buffer[] = [];
  let position = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', position);
    if (lineEnd < 0) return null;
    const line = bytes.toString('latin1', position, lineEnd);
    const match = CHUNK_LINE.exec(line);
    if (!match) throw new Error(`bad chunk line: ${JSON.stringify(line)}`);
    const size = Number.parseInt(match[1] ?? '', 16);
    position = lineEnd + 2;
    if (size === 0) break;
    if (bytes.length < position + size + 2) return null;
    if (bytes.toString('latin1', position + size, position + size + 2) !== '\r\n') {
      throw new Error('no CRLF after a chunk');
    }
    chunks.push(bytes.subarray(position, position + size));
    position += size + 2;
  }
  const trailers = readTrailers(bytes, position);
  if (!trailers) return null;
  return {
    content: Buffer.concat(chunks),
    framing: 'chunked',
    trailers: trailers.fields,
    length: trailers.end,
  };
}

function readTrailers(bytes: Buffer, start: number): { fields: RawResponse['trailers']; end: number } | null {
  if (bytes.toString('latin1', start, start + 2) === '\r\n') return { fields: [], end: start + 2 };
  const end = bytes.indexOf('\r\n\r\n', start);
  if (end < 0) return null;
  return { fields: splitLines(bytes.toString('latin1', start, end)).map(readField), end: end + 4 };
}

function valuesOf(head: Head, name: string): string[] {
  return head.fields.filter(([found]) => found.toLowerCase() === name).map(([, value]) => value);
}

function quote(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, 200));
}
