// RFC 9110 8.8.3 and 13.1: If-Match and If-None-Match are `*` or a list of entity tags.

/** `*`, or the tags as they were written; null for what is neither. */
export function parseEntityTags(text: string): '*' | readonly string[] | null {
  if (text === '*') return '*';
  const tags: string[] = [];
  // A comma may stand within a tag, so the list cannot simply be split. Empty elements are allowed (RFC 9110 5.6.1.2).
  const element = /[ \t]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y;
  while (element.lastIndex < text.length) {
    const match = element.exec(text);
    if (match === null) return null;
    if (match[1] !== undefined) tags.push(match[1]);
  }
  return tags;
}

/** RFC 9110 8.8.3.2: the same bytes, or at least as good as the same. */
export const strongMatch = (a: string, b: string): boolean => a === b && !isWeak(a);
export const weakMatch = (a: string, b: string): boolean => opaque(a) === opaque(b);

const isWeak = (tag: string): boolean => tag.startsWith('W/');

const opaque = (tag: string): string => (isWeak(tag) ? tag.slice(2) : tag);
