// A head as the lane protocol has it (`200 OK\r\nName: value\r\n…`), as fields of HTTP/2.

/** RFC 9113 8.2.2: about the connection, which is not the application's. */
const DROPPED = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Several of these cannot be told from one by a comma. */
const KEPT_APART = new Set(['set-cookie', 'www-authenticate', 'proxy-authenticate']);

export type ResponseFields = Record<string, number | string | string[]>;

/** `more`: lines that the server adds, each with its CRLF. */
export function responseFields(status: number, head: string, more: string): ResponseFields {
  const fields: ResponseFields = { ':status': status };
  const linesStart = head.indexOf('\r\n') + 2;
  addLines(fields, head, linesStart);
  addLines(fields, more, 0);
  return fields;
}

function addLines(fields: ResponseFields, text: string, start: number): void {
  for (let lineStart = start; lineStart < text.length; ) {
    const lineEnd = text.indexOf('\r\n', lineStart);
    const colon = text.indexOf(':', lineStart);
    const name = text.slice(lineStart, colon).toLowerCase();
    if (!DROPPED.has(name)) add(fields, name, text.slice(colon + 1, lineEnd).trim());
    lineStart = lineEnd + 2;
  }
}

function add(fields: ResponseFields, name: string, value: string): void {
  const before = fields[name];
  if (before === undefined) fields[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else if (KEPT_APART.has(name)) fields[name] = [String(before), value];
  else fields[name] = `${before}, ${value}`;
}
