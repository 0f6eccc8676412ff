import { nearest } from '../../base/edit-distance.ts';
import { DIRECTIVES, HOLDS_DATA, isDirective, TAKES_BLOCK, TAKES_LINES } from './directives.ts';
import { type Directive, type Fault, type Place, SyntaxFault, type Word } from './syntax.ts';
import { type Token, Tokens } from './tokens.ts';

export interface Parsed {
  readonly directives: readonly Directive[];
  /** Each with what is most likely meant. What follows one is read as if it were mended. */
  readonly faults: readonly Fault[];
}

export function parse(source: string, file: string): Parsed {
  const parser = new Parser(source, file);
  return { directives: parser.readFile(), faults: parser.faults };
}

interface Block {
  readonly name: string;
  readonly args: readonly Word[];
  /** Of its opening brace. */
  readonly begin: Place;
  readonly place: Place;
}

class Parser {
  readonly faults: Fault[] = [];
  readonly #tokens: Tokens;
  readonly #indents: readonly number[];
  /** Blocks whose closing brace stands further to the left than they do: it was meant for another. */
  readonly #doubtful: Block[] = [];
  #returned: Token | null = null;

  constructor(source: string, file: string) {
    this.#tokens = new Tokens(source, file);
    this.#indents = source.split('\n').map((line) => line.length - line.trimStart().length);
  }

  readFile(): readonly Directive[] {
    const all: Directive[] = [];
    try {
      for (;;) {
        const { directives, end } = this.#readBlock(false);
        all.push(...directives);
        if (end === null) return all;
        this.#note('this } closes nothing: a { is missing before, or there is a } too many', end);
      }
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      this.#note(error.message, error.place);
      return all;
    }
  }

  /** `end`: of the brace; null: the file has ended. */
  #readBlock(isData: boolean): { readonly directives: readonly Directive[]; readonly end: Place | null } {
    const directives: Directive[] = [];
    for (let token = this.#next(); token !== null; token = this.#next()) {
      switch (token.kind) {
        case '}':
          return { directives, end: token.place };
        case ';':
          this.#note('this semicolon ends nothing', token.place);
          break;
        case '{':
          this.#note('this { has no directive before it, such as location /', token.place);
          directives.push(...this.#readBlock(false).directives);
          break;
        case 'word':
          directives.push(this.#readDirective(token.word, token.end, isData));
      }
    }
    return { directives, end: null };
  }

  /** `isData`: it is no directive but an entry, of a map for instance. */
  #readDirective({ text: name, place }: Word, nameEnd: Place, isData: boolean): Directive {
    const args: Word[] = [];
    let end = nameEnd;
    const endedEarly = (next: Token | null): Directive => {
      this.#returned = next;
      this.#note(missingSemicolon(name, args), end);
      return { name, args, block: null, place };
    };
    for (let token = this.#next(); token !== null; token = this.#next()) {
      switch (token.kind) {
        case 'word':
          if (!isData && beginsAnother(token.word, name, end)) return endedEarly(token);
          args.push(token.word);
          end = token.end;
          break;
        case ';':
          // `server` is also a line of an upstream.
          if (!isData && TAKES_BLOCK.has(name) && !(name === 'server' && args.length > 0))
            this.#note(`${name} needs a block: { … }`, token.place);
          return { name, args, block: null, place };
        case '}':
          return endedEarly(token);
        case '{':
          if (isDirective(name) && !TAKES_BLOCK.has(name)) return this.#blockOfNobody(name, args, place, end);
          return { name, args, block: this.#readToBrace({ name, args, begin: token.place, place }), place };
      }
    }
    return endedEarly(null);
  }

  /** `root /srv` and, in the same line or the next, `location / {`. */
  #blockOfNobody(name: string, args: readonly Word[], place: Place, end: Place): Directive {
    this.#note(missingSemicolon(name, args), end);
    this.#readToBrace({ name, args, begin: end, place });
    return { name, args, block: null, place };
  }

  #readToBrace(block: Block): readonly Directive[] {
    const { name, place } = block;
    if (/_by_lua_block$/.test(name)) {
      this.#tokens.skipProgram();
      return [];
    }
    const { directives, end } = this.#readBlock(HOLDS_DATA.has(name));
    if (end === null) this.#noteUnclosed(this.#doubtful.shift() ?? block);
    else if (this.#indentOf(end) < this.#indentOf(place)) this.#doubtful.push(block);
    return directives;
  }

  #noteUnclosed({ name, args, begin }: Block): void {
    const written = [name, ...args.map(({ text }) => text)].join(' ');
    this.#note(`the block of ${written} is never closed: a } is missing`, begin);
  }

  #indentOf({ line }: Place): number {
    return this.#indents[line - 1] ?? 0;
  }

  #next(): Token | null {
    const returned = this.#returned;
    this.#returned = null;
    return returned ?? this.#tokens.next();
  }

  #note(message: string, place: Place): void {
    this.faults.push({ message, place });
  }
}

/** A directive's name at the beginning of a line, where an argument could stand only by chance. */
function beginsAnother(word: Word, name: string, before: Place): boolean {
  if (word.isQuoted || word.place.line === before.line || TAKES_LINES.has(name)) return false;
  return isDirective(word.text);
}

function missingSemicolon(name: string, args: readonly Word[]): string {
  const written = [name, ...args.map(({ text }) => text)].join(' ');
  const shown = written.length > 60 ? `${written.slice(0, 60)}…` : written;
  const meant = isDirective(name) ? null : nearest(name, DIRECTIVES);
  const doubt = meant === null ? '' : ` (and ${name} may be meant as ${meant})`;
  return `a semicolon is missing behind: ${shown}${doubt}`;
}
