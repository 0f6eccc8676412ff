// nginx's configuration files as a tree: directives with words, and blocks of more of them.

export interface Place {
  readonly file: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Word {
  readonly text: string;
  /** In quotes nothing is a keyword. */
  readonly isQuoted: boolean;
  readonly place: Place;
}

export interface Directive {
  readonly name: string;
  readonly args: readonly Word[];
  /** null: it ends with a semicolon. */
  readonly block: readonly Directive[] | null;
  readonly place: Place;
}

/** What nginx would not start with. */
export interface Fault {
  readonly message: string;
  readonly place: Place;
}

/** Thrown where what follows cannot be made sense of. */
export class SyntaxFault extends Error implements Fault {
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}

export function shownPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** As it is written, in one line; of a block without what is in it. */
export function shownDirective({ name, args, block }: Directive): string {
  const words = args.map(({ text, isQuoted }) => (isQuoted ? `"${text}"` : text));
  const line = [name, ...words].join(' ').replace(/\s+/g, ' ');
  return `${line.length > 90 ? `${line.slice(0, 90)}…` : line}${block === null ? '' : ' { … }'}`;
}

/** The texts of its words. */
export function words({ args }: Directive): readonly string[] {
  return args.map(({ text }) => text);
}
