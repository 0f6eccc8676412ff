// Paths with $variables, as requests have them: percent-encoded.

import type { Exchange } from './exchange.ts';
import { compileTemplate, type Template } from './template.ts';

/** `$uri` stands for the path as it was sent, so that nothing is lost by decoding it and encoding it again. */
const DECODED_PATH = /\$(?:uri(?!\w)|\{uri\})/g;

/** @param template written as people read paths: not encoded */
export function compilePath(template: string): Template {
  const compiled = compileTemplate(template.replace(DECODED_PATH, asSent), encodePath, encodePath);
  return (exchange) => {
    const path = cleaned(compiled(exchange), NOT_IN_PATH);
    return path.startsWith('/') ? path : `/${path}`;
  };
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: the template's own braces
const asSent = () => '${path}';

/** A path that may be encoded, or only in part, as one that is. */
export function cleanedPath(path: string): string {
  return cleaned(path.replace(/%(?![0-9A-Fa-f]{2})/g, '%25'), NOT_IN_PATH);
}

export interface TargetTemplate {
  readonly path: Template;
  query(exchange: Exchange): string;
}

/** With the query that it has, and no other. */
export function compileTarget(template: string): TargetTemplate {
  const { path, own } = splitTarget(template);
  const query = compileTemplate(own, encodeURIComponent);
  return { path: compilePath(path), query: (exchange) => cleaned(query(exchange), NOT_IN_QUERY) };
}

/** As in nginx's rewrite: a query in it comes before the request's, and a question mark at the end takes the place of that. */
export function compileRewrite(template: string): TargetTemplate {
  const { path, own, hasMark } = splitTarget(template);
  const isAlone = own.endsWith('?') || (hasMark && own === '');
  const query = compileTemplate(own.replace(/\?$/, ''), encodeURIComponent);
  return {
    path: compilePath(path),
    query: (exchange) => {
      const [first, second] = [cleaned(query(exchange), NOT_IN_QUERY), isAlone ? '' : exchange.head.query];
      return first === '' || second === '' ? first + second : `${first}&${second}`;
    },
  };
}

function splitTarget(template: string) {
  const mark = template.indexOf('?');
  const hasMark = mark !== -1;
  return {
    path: hasMark ? template.slice(0, mark) : template,
    own: hasMark ? template.slice(mark + 1) : '',
    hasMark,
  };
}

/** Everything that has a meaning in a path but for the slash. */
function encodePath(decoded: string): string {
  return encodeURI(decoded).replace(/[?#]/g, encodeURIComponent);
}

/** What variables hold that no path may, and what no query may. */
const NOT_IN_PATH = /[^\x21\x24-\x3b\x3d\x40-\x5b\x5d\x5f\x61-\x7a\x7e]/g;
const NOT_IN_QUERY = /[^\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]/g;

function cleaned(text: string, unwanted: RegExp): string {
  return text.replace(
    unwanted,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
