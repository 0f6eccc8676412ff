// RFC 9111 5.2: directives, as a request or a response has them.

/** Name, in lower case → argument without its quotes; '' where there is none. Of a directive that comes twice the first counts (4.2.1). */
export type Directives = ReadonlyMap<string, string>;

export const NO_DIRECTIVES: Directives = new Map();

const DIRECTIVE =
  /[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?)?[ \t]*(?:,|$)/y;

/** @param values of all fields of this name */
export function parseCacheControl(values: readonly string[]): Directives {
  const directives = new Map<string, string>();
  for (const value of values) addDirectives(directives, value);
  return directives;
}

function addDirectives(directives: Map<string, string>, text: string): void {
  let at = 0;
  while (at < text.length) {
    DIRECTIVE.lastIndex = at;
    const match = DIRECTIVE.exec(text);
    if (match === null) {
      // What is not valid ends with its comma; the rest still holds.
      const comma = text.indexOf(',', at);
      if (comma === -1) return;
      at = comma + 1;
      continue;
    }
    at = DIRECTIVE.lastIndex;
    const [whole, name, quoted, token] = match;
    if (name !== undefined && !directives.has(name.toLowerCase())) {
      directives.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? token ?? '');
    }
    if (whole === '') return;
  }
}

/** RFC 9111 1.2.2: what is too large is as good as this. */
const MOST_SECONDS = 2 ** 31;

/** Seconds; null: there is no such directive. What is no number is none at all: the response is as good as stale (4.2.1). */
export function deltaSeconds(directives: Directives, name: string): number | null {
  const text = directives.get(name);
  if (text === undefined) return null;
  return /^\d+$/.test(text) ? Math.min(Number(text), MOST_SECONDS) : 0;
}
