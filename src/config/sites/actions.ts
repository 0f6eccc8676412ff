// What a route does, but to ask the application.

import { REDIRECT_VARIABLES } from '../../protocol/supervision/redirect-variables.ts';
import type { RouteAction } from '../../protocol/supervision/site.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { integerFrom, type TableReader, text } from '../toml/table-reader.ts';

const REDIRECTS = [301, 302, 303, 307, 308];
const DEFAULT_REDIRECT = 308;
const TEXT = 'text/plain; charset=utf-8';
const aStatus = integerFrom(200, 599);

/** `redirect = "https://$host$request_uri"`, with or without `status`. */
export function redirect(reader: TableReader): RouteAction | null {
  const to = reader.read('redirect', target);
  if (to === undefined) return null;
  const status = reader.read('status', redirectStatus) ?? DEFAULT_REDIRECT;
  return { do: 'redirect', to, status };
}

function target(value: FileValue): string {
  const to = text(value);
  if (!/^(\/|https?:\/\/|\$)/.test(to)) {
    throw new ValueProblem('give a URL, such as https://$host$request_uri, or a path');
  }
  if (/[^\x21-\x7e]/.test(to)) {
    throw new ValueProblem('a URL has no spaces, and is percent-encoded');
  }
  for (const [, name = ''] of to.matchAll(/\$(\w*)/g)) {
    if (/^\d$/.test(name) || (REDIRECT_VARIABLES as readonly string[]).includes(name)) continue;
    const known = REDIRECT_VARIABLES.map((each) => `$${each}`).join(', ');
    throw new ValueProblem(
      `there is no $${name}; there are ${known} and $1 to $9, the groups of the pattern`,
    );
  }
  return to;
}

function redirectStatus(value: FileValue): number {
  if (typeof value === 'number' && REDIRECTS.includes(value)) return value;
  throw new ValueProblem(`not one of ${REDIRECTS.join(', ')}`);
}

/** `respond = 404`, `respond = "pong"`, `respond = { status = 200, body = "{}", type = "application/json" }`. */
export function respond(reader: TableReader): RouteAction | null {
  return reader.read('respond', answer) ?? null;
}

function answer(value: FileValue): RouteAction {
  if (typeof value === 'number') return { do: 'respond', status: aStatus(value), body: '', type: TEXT };
  if (typeof value === 'string') return { do: 'respond', status: 200, body: value, type: TEXT };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ValueProblem('give a status, a text, or a table with status, body and type');
  }
  const { status, body, type, ...others } = value as Readonly<Record<string, FileValue>>;
  const [other] = Object.keys(others);
  if (other !== undefined) throw new ValueProblem(`${other} is none of status, body and type`);
  return {
    do: 'respond',
    status: status === undefined ? 200 : aStatus(status),
    body: body === undefined ? '' : text(body),
    type: type === undefined ? TEXT : mediaType(type),
  };
}

function mediaType(value: FileValue): string {
  const type = text(value);
  if (/^[\w.+-]+\/[\w.+-]+(;[ \x21-\x7e]*)?$/.test(type)) return type;
  throw new ValueProblem(`'${type}' is no media type; give one such as application/json`);
}
