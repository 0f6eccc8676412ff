import { type Place, SyntaxFault, type Word } from './syntax.ts';

export type Token =
  | { readonly kind: 'word'; readonly word: Word; readonly end: Place }
  | { readonly kind: ';' | '{' | '}'; readonly place: Place };

const CONTROLS: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n' };

/** Splits a file as nginx does: words, quoted or not, and what ends directives and blocks. */
export class Tokens {
  readonly #cursor: Cursor;

  constructor(source: string, file: string) {
    this.#cursor = new Cursor(source, file);
  }

  /** null: the file has ended. */
  next(): Token | null {
    const cursor = this.#cursor;
    cursor.skipBlanks();
    const { place } = cursor;
    const character = cursor.peek();
    if (character === '') return null;
    if (character === ';' || character === '{' || character === '}') {
      cursor.take();
      return { kind: character, place };
    }
    const word = character === '"' || character === "'" ? quoted(cursor, place) : bare(cursor, place);
    return { kind: 'word', word, end: cursor.place };
  }

  /** Past the brace that closes the one just taken, whatever is between them: a program in another language. */
  skipProgram(): void {
    for (let depth = 1; depth > 0 && this.#cursor.peek() !== ''; ) {
      const character = this.#cursor.take();
      if (character === '{') depth += 1;
      if (character === '}') depth -= 1;
    }
  }
}

function quoted(cursor: Cursor, place: Place): Word {
  const quote = cursor.take();
  let text = '';
  for (;;) {
    const character = cursor.take();
    if (character === '') {
      throw new SyntaxFault(
        `this ${quote} is never closed: the rest of the file is taken for its text`,
        place,
      );
    }
    if (character === quote) break;
    text += character === '\\' ? escaped(cursor) : character;
  }
  const next = cursor.peek();
  if (next !== '' && !/[\s;{)]/.test(next)) {
    const { line } = cursor.place;
    if (line > place.line) {
      const until = `its text goes on to line ${line}, and ends there before a word`;
      throw new SyntaxFault(`a closing ${quote} is missing behind this one: ${until}`, place);
    }
    throw new SyntaxFault(`a blank or a semicolon is missing behind the closing ${quote}`, cursor.place);
  }
  return { text, isQuoted: true, place };
}

function bare(cursor: Cursor, place: Place): Word {
  let text = '';
  for (;;) {
    const character = cursor.peek();
    if (character === '' || /[\s;]/.test(character)) break;
    if (character === '{') {
      // `${name}` is a variable; else it begins a block, also without a blank before it.
      if (!text.endsWith('$')) break;
      text += cursor.takeThrough('}');
      continue;
    }
    cursor.take();
    text += character === '\\' ? escaped(cursor) : character;
  }
  return { text, isQuoted: false, place };
}

/** What follows a backslash ends nothing. The backslash itself goes only where nginx takes it away: the regular expressions of locations are full of them. */
function escaped(cursor: Cursor): string {
  const character = cursor.take();
  if (`"'\\`.includes(character)) return character;
  return CONTROLS[character] ?? `\\${character}`;
}

class Cursor {
  readonly #source: string;
  readonly #file: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(source: string, file: string) {
    this.#source = source;
    this.#file = file;
  }

  get place(): Place {
    return { file: this.#file, line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  /** '' at the end. */
  peek(): string {
    return this.#source.charAt(this.#at);
  }

  take(): string {
    const character = this.peek();
    this.#at += 1;
    if (character === '\n') {
      this.#line += 1;
      this.#lineStart = this.#at;
    }
    return character;
  }

  takeThrough(end: string): string {
    let text = '';
    for (let character = this.take(); character !== ''; character = this.take()) {
      text += character;
      if (character === end) break;
    }
    return text;
  }

  skipBlanks(): void {
    for (;;) {
      const character = this.peek();
      if (character === '#') {
        while (this.peek() !== '' && this.peek() !== '\n') this.take();
      } else if (character !== '' && /\s/.test(character)) {
        this.take();
      } else {
        return;
      }
    }
  }
}
