import { METHODS } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { CHUNKED } from '../../../../src/protocol/http1/request-head.ts';
import type { NodeMessage, NodeReading } from './node-reading.ts';
import type { Message, Reading } from './replay.ts';

/** In what two readings of the same bytes disagree although both accept; or what Node refuses for no listed reason. Null: in nothing. */
export function differenceFromNode(ours: Reading, node: NodeReading): string | null {
  for (const [i, message] of ours.messages.entries()) {
    const theirs = node.messages[i];
    if (theirs === undefined) return missing(ours, i, node);
    // It refuses some heads only when it has told of them.
    if (message.isComplete && !theirs.isComplete && node.refusal !== null) return missing(ours, i, node);
    const difference = messageDifference(message, theirs, ours);
    if (difference !== null) return `message ${i}: ${difference}`;
  }
  return more(ours, node);
}

function messageDifference(message: Message, theirs: NodeMessage, ours: Reading): string | null {
  for (const part of ['method', 'target', 'minor', 'fields'] as const) {
    if (!isDeepStrictEqual(message[part], theirs[part]))
      return `${part} is ${show(message[part])}, to Node ${show(theirs[part])}`;
  }
  if (message.isComplete && theirs.isComplete) {
    if (message.body !== theirs.body) return `body is ${show(message.body)}, to Node ${show(theirs.body)}`;
    if (!isDeepStrictEqual(message.trailers ?? [], theirs.trailers)) return 'the trailers differ';
    return null;
  }
  if (message.isComplete) return 'Node waits for more of the body';
  if (theirs.isComplete && ours.error === null) return 'Node does not wait for more of the body';
  return null;
}

function missing(ours: Reading, i: number, node: NodeReading): string | null {
  const message = ours.messages[i] as Message;
  if (EXCEPTIONS.some(({ holds }) => holds(message, ours.messages[i - 1], node.refusal))) return null;
  const request = `message ${i} (${message.method} ${message.target})`;
  return node.refusal === null ? `Node does not see ${request}` : `Node refuses ${request}: ${node.refusal}`;
}

interface Exception {
  readonly why: string;
  /** @param refusal Node's error code for `message`, which came after `before`; null: Node does not even see it. */
  readonly holds: (message: Message, before: Message | undefined, refusal: string | null) => boolean;
}

/** What Kirin takes and Node does not. In none of these does Node read the bytes as something else. */
const EXCEPTIONS: readonly Exception[] = [
  {
    why: 'Node has a list of methods. To Kirin any is one, as to Gunicorn: the application answers 405. (PRI: Node takes it for HTTP/2.)',
    holds: (message, _before, refusal) =>
      !METHODS.includes(message.method) &&
      (refusal === 'HPE_INVALID_METHOD' || refusal === 'HPE_INVALID_VERSION'),
  },
  {
    why: 'Bytes from 0x80 on in a target: nginx and Gunicorn take them, and so did Node.',
    holds: (message, _before, refusal) => refusal === 'HPE_INVALID_URL' && /[\x80-\xff]/.test(message.target),
  },
  {
    why: 'Node does not trim a tab behind the values of the framing fields. RFC 9110 5.5 says that it is no part of them.',
    holds: (message, _before, refusal) =>
      (refusal === 'HPE_INVALID_TRANSFER_ENCODING' && message.bodyLength === CHUNKED) ||
      (refusal === 'HPE_INVALID_CONTENT_LENGTH' && message.bodyLength >= 0),
  },
  {
    why: 'Node closes after "Proxy-Connection: close". RFC 9112 C.2.2: the field means nothing.',
    holds: (_message, before, refusal) =>
      refusal === 'HPE_CLOSED_CONNECTION' && says(before, 'proxy-connection', 'close'),
  },
  {
    why: 'Node loses what came in one packet with a request for an upgrade that it then does not do. RFC 9110 7.8: the server goes on.',
    holds: (_message, before, refusal) => refusal === null && says(before, 'connection', 'upgrade'),
  },
];

function says(message: Message | undefined, name: string, option: string): boolean {
  return (
    message?.fields.some((field) => field[0] === name && field[1].toLowerCase().includes(option)) ?? false
  );
}

function more(ours: Reading, node: NodeReading): string | null {
  if (node.messages.length <= ours.messages.length || ours.error !== null) return null;
  const last = ours.messages.at(-1);
  if (last === undefined || last.keepAlive) return 'Node sees one more message';
  // Kirin drops what comes behind a close. Node takes Proxy-Connection for Connection, and in HTTP/1.0 "keep-alive" for the winner.
  const saysBoth = last.minor === 0 && says(last, 'connection', 'keep-alive');
  return saysBoth || says(last, 'proxy-connection', 'keep-alive') ? null : 'Node goes on behind a close';
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
