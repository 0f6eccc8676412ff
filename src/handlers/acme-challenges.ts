import { RESPONSE_FLAG } from '../protocol/lane/frames.ts';
import type { Challenge } from '../protocol/supervision/acme.ts';
import type { Handler } from './exchange.ts';
import type { RouteRule } from './router.ts';

const FOLDER = '/.well-known/acme-challenge/';
const SAFE_METHODS = ['GET', 'HEAD'];

/**
 * What an authority asks for to see that a host is ours (RFC 8555 8.3), for as long as it may: before any site or route, since
 * none of them is to know. Tokens that are not ours are somebody else's, and go on. null: there are none.
 */
export function challengeRule(challenges: readonly Challenge[]): RouteRule | null {
  const answers = new Map<string, string>();
  for (const challenge of challenges) {
    if (challenge.type === 'http-01') answers.set(FOLDER + challenge.token, challenge.keyAuthorization);
  }
  if (answers.size === 0) return null;
  const handler: Handler = {
    handle: (exchange) => {
      const answer = answers.get(exchange.head.path) as string;
      const head = `200 OK\r\nContent-Type: application/octet-stream\r\nCache-Control: no-store\r\nContent-Length: ${answer.length}\r\n`;
      exchange.respond(head, RESPONSE_FLAG.length, answer);
    },
  };
  return { matches: ({ method, path }) => answers.has(path) && SAFE_METHODS.includes(method), handler };
}
