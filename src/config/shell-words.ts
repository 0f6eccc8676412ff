/**
 * Splits text into words as a POSIX shell would, without expanding anything: quotes, backslashes, and nothing else.
 * @throws {Error} when a quote is never closed
 */
export function splitShellWords(text: string): string[] {
  const words: string[] = [];
  // null between words: '' is a word too, when it is quoted.
  let word: string | null = null;
  let position = 0;

  const take = (): string => text[position++] as string;

  while (position < text.length) {
    const character = take();
    if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (character === "'") {
      word = (word ?? '') + takeUntilSingleQuote();
    } else if (character === '"') {
      word = (word ?? '') + takeUntilDoubleQuote();
    } else if (character === '\\') {
      if (position === text.length) throw new Error('ends with a backslash');
      word = (word ?? '') + take();
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== null) words.push(word);
  return words;

  function takeUntilSingleQuote(): string {
    const end = text.indexOf("'", position);
    if (end === -1) throw new Error("holds a ' that is never closed");
    const quoted = text.slice(position, end);
    position = end + 1;
    return quoted;
  }

  function takeUntilDoubleQuote(): string {
    let quoted = '';
    while (position < text.length) {
      const character = take();
      if (character === '"') return quoted;
      // Within double quotes a backslash protects only a quote or another backslash.
      const escapes = character === '\\' && (text[position] === '"' || text[position] === '\\');
      quoted += escapes ? take() : character;
    }
    throw new Error('holds a " that is never closed');
  }
}
