// PCRE's regular expressions as JavaScript's, with the flag u.

export interface Pattern {
  readonly source: string;
  readonly ignoresCase: boolean;
  /** Names of groups, in order; '' for those without. */
  readonly groups: readonly string[];
}

/** Those that the flag u lets a backslash stand before. */
const ESCAPED_AS_SYNTAX = /[\^$\\.*+?()[\]{}|/]/;

/** null: it has something that JavaScript does not. */
export function pattern(pcre: string, ignoresCase: boolean): Pattern | null {
  const flags = /^\(\?i\)/.exec(pcre);
  const source = translate(flags === null ? pcre : pcre.slice(flags[0].length));
  try {
    new RegExp(source, 'u');
  } catch {
    return null;
  }
  return { source, ignoresCase: ignoresCase || flags !== null, groups: groupsOf(source) };
}

function translate(pcre: string): string {
  let isInClass = false;
  return pcre.replace(/\\.|\(\?P?<(?=\w)|[[\]{}]|[^\\[\]{}(]+|./gs, (part, at: number) => {
    if (part.startsWith('(?')) return '(?<';
    if (part === '[' && !isInClass) isInClass = true;
    else if (part === '[') return '\\[';
    else if (part === ']') isInClass = false;
    if (part.startsWith('\\') && part.length === 2) return translateEscape(part.charAt(1), isInClass);
    // A brace that repeats nothing is itself.
    if ((part === '{' || part === '}') && !isInClass) return isQuantifier(pcre, at) ? part : `\\${part}`;
    return part;
  });
}

function translateEscape(character: string, isInClass: boolean): string {
  if (character === 'A' && !isInClass) return '^';
  if (/[zZ]/.test(character) && !isInClass) return '$';
  if (/[a-zA-Z0-9]/.test(character)) return `\\${character}`;
  if (ESCAPED_AS_SYNTAX.test(character) || (character === '-' && isInClass)) return `\\${character}`;
  return character;
}

function isQuantifier(source: string, at: number): boolean {
  const begin = source.lastIndexOf('{', at);
  return begin > 0 && /^\{\d+(,\d*)?\}/.test(source.slice(begin)) && source.indexOf('}', begin) >= at;
}

function groupsOf(source: string): readonly string[] {
  const plain = source.replace(/\\./gs, '').replace(/\[[^\]]*\]/g, '');
  return [...plain.matchAll(/\((?!\?)|\(\?<(\w+)>/g)].map(([, name]) => name ?? '');
}

/** Of a text that shall match itself. */
export function literal(text: string): string {
  return text.replace(/[\^$\\.*+?()[\]{}|/]/g, (character) => (character === '/' ? '/' : `\\${character}`));
}

/** The same pattern, with the slash that a group begins with before that group. null: it does not, or need not be there. */
export function withSlashBefore(source: string, group: number): string | null {
  const starts = [...source.matchAll(/\\.|\[[^\]]*\]|\((?!\?)|\(\?P?<\w+>/gs)].filter(([text]) =>
    text.startsWith('('),
  );
  const start = starts[group - 1];
  if (start === undefined) return null;
  const [, inner, rest] = /^(\/[^()|]*)\)(.*)$/s.exec(source.slice(start.index + start[0].length)) ?? [];
  if (inner === undefined || rest === undefined || /^[?*+{]/.test(rest)) return null;
  return `${source.slice(0, start.index)}/${start[0]}${inner.slice(1)})${rest}`;
}
