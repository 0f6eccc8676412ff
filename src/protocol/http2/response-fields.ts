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

/** Names and values in turn, `:status` first. */
export type ResponseFields = readonly string[];

/** `more`: lines that the server adds, each with its CRLF. */
export function responseFields(status: number, head: string, more: string): ResponseFields {
  const fields = [':status', String(status)];
  const linesStart = head.indexOf('\r\n') + 2;
  addLines(fields, head, linesStart);
  addLines(fields, more, 0);
  return fields;
}

function addLines(fields: string[], text: string, start: number): void {
  for (let lineStart = start; lineStart < text.length; ) {
    const lineEnd = text.indexOf('\r\n', lineStart);
    const colon = text.indexOf(':', lineStart);
    const name = text.slice(lineStart, colon).toLowerCase();
    if (!DROPPED.has(name)) add(fields, name, text.slice(colon + 1, lineEnd).trim());
    lineStart = lineEnd + 2;
  }
}

function add(fields: string[], name: string, value: string): void {
  if (!KEPT_APART.has(name)) {
    for (let index = 2; index < fields.length; index += 2) {
      if (fields[index] !== name) continue;
      fields[index + 1] += `, ${value}`;
      return;
    }
  }
  fields.push(name, value);
}
