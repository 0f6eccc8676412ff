import { nearest } from '../../base/edit-distance.ts';
import { DIRECTIVES, HOLDS_DATA, isDirective } from './directives.ts';
import { type Directive, type Place, shownDirective } from './syntax.ts';

/** What became of a directive: the worst of what was said of it. */
export type Outcome = 'carried' | 'differs' | 'missing';

export interface Entry {
  readonly outcome: Outcome;
  readonly place: Place;
  readonly directive: string;
  /** How it is carried over, how it differs, or why it has no equivalent. */
  readonly notes: readonly string[];
}

/** `unreached`: nginx has no use for it either; at least not for the hosts of one site. */
type Said = Outcome | 'unreached';

const RANKS: Readonly<Record<Said, number>> = { unreached: 0, carried: 1, differs: 2, missing: 3 };

/** What is said of each directive, in one place: none is passed over. */
export class Report {
  readonly #notes = new Map<Directive, { outcome: Said; readonly texts: Set<string> }>();

  /** Done as it is, or by Kirin without being told. `how`: where that is worth a word. */
  carried(directive: Directive | null, how: string | null = null): void {
    this.#note('carried', directive, how);
  }

  /** Carried over by leaving it out, unless it is reached in another site: a server may become several. */
  unreached(directive: Directive): void {
    this.#note('unreached', directive, 'it is never reached');
  }

  differs(directive: Directive | null, how: string): void {
    this.#note('differs', directive, how);
  }

  missing(directive: Directive | null, why: string): void {
    this.#note('missing', directive, why);
  }

  has(directive: Directive): boolean {
    return this.#notes.has(directive);
  }

  /** In the order of the files. */
  entries(directives: readonly Directive[]): readonly Entry[] {
    return directives.flatMap((directive) => {
      const { place, block } = directive;
      const { outcome, texts } = this.#notes.get(directive) ?? unknown(directive);
      const entry = {
        outcome: outcome === 'unreached' ? 'carried' : outcome,
        place,
        directive: shownDirective(directive),
        notes: [...texts],
      };
      // Of what stands in a block that has no equivalent nothing more is to be said.
      if (outcome === 'missing' || block === null || HOLDS_DATA.has(directive.name)) return [entry];
      return [entry, ...this.entries(block)];
    });
  }

  #note(outcome: Said, directive: Directive | null, text: string | null): void {
    if (directive === null) return;
    const known = this.#notes.get(directive);
    const texts =
      known !== undefined && RANKS[known.outcome] >= RANKS[outcome] ? known.texts : new Set<string>();
    const worst = known !== undefined && RANKS[known.outcome] > RANKS[outcome] ? known.outcome : outcome;
    if (text !== null && worst === outcome) texts.add(text);
    this.#notes.set(directive, { outcome: worst, texts });
  }
}

function unknown({ name }: Directive): { readonly outcome: Said; readonly texts: ReadonlySet<string> } {
  const meant = isDirective(name) ? null : nearest(name, DIRECTIVES);
  const doubt = meant === null ? '' : `; did you mean ${meant}?`;
  const what = isDirective(name) ? 'it has no meaning here' : `it is not known to kirin migrate${doubt}`;
  return { outcome: 'missing', texts: new Set([what]) };
}
