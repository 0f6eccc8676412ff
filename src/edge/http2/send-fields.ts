import type { OutgoingHttpHeaders, ServerHttp2Stream, ServerStreamResponseOptions } from 'node:http2';
import type { ResponseFields } from '../../protocol/http2/response-fields.ts';

/** From this version on Node takes fields as a list, for which an HTTP/2 request costs a fifth less. */
const TAKES_LISTS = Number(process.versions.node.split('.')[0]) >= 25;

/** @throws what Node says of fields that cannot be sent */
export function sendFields(
  stream: ServerHttp2Stream,
  fields: ResponseFields,
  options: ServerStreamResponseOptions,
): void {
  // The declarations are those of the oldest Node that is supported.
  const headers = TAKES_LISTS ? (fields as unknown as OutgoingHttpHeaders) : asObject(fields);
  // Without `sendDate`, Node would add a Date to who wants none.
  stream.respond(headers, { ...options, sendDate: false } as ServerStreamResponseOptions);
}

function asObject(fields: ResponseFields): OutgoingHttpHeaders {
  const object: Record<string, string | string[]> = {};
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string;
    const value = fields[index + 1] as string;
    const before = object[name];
    if (before === undefined) object[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else object[name] = [before, value];
  }
  return object;
}
