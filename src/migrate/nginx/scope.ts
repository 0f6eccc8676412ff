import { pattern } from './regex.ts';
import { type Directive, words } from './syntax.ts';

/** A block of nginx's, and the blocks around it, from which it inherits. */
export class Scope {
  readonly directive: Directive;
  readonly parent: Scope | null;
  readonly #variables = new Map<string, string>();

  constructor(directive: Directive, parent: Scope | null) {
    this.directive = directive;
    this.parent = parent;
    for (const [index, name] of groupsOf(directive).entries()) {
      if (name !== '') this.#variables.set(name, `$${index + 1}`);
    }
    for (const set of this.own('set')) {
      const [name = '', value = ''] = words(set);
      this.#variables.set(name.replace(/^\$/, ''), value);
    }
  }

  get name(): string {
    return this.directive.name;
  }

  /** Those that stand in the block itself. */
  own(...names: readonly string[]): readonly Directive[] {
    return (this.directive.block ?? []).filter(({ name }) => names.includes(name));
  }

  /** Those of the nearest block that has any: what a block says itself replaces all that it would inherit. */
  all(...names: readonly string[]): readonly Directive[] {
    const own = this.own(...names);
    return own.length > 0 ? own : (this.parent?.all(...names) ?? []);
  }

  /** The one that holds; null: nobody says it. */
  one(name: string): Directive | null {
    return this.all(name).at(-1) ?? null;
  }

  /** Its first word. */
  word(name: string): string | null {
    const directive = this.one(name);
    return directive === null ? null : (words(directive)[0] ?? '');
  }

  isOn(name: string): boolean {
    return this.word(name) === 'on';
  }

  /** The server that it stands in. */
  get server(): Scope {
    return this.name === 'server' || this.parent === null ? this : this.parent.server;
  }

  /** The location that it is, or stands in. null: it is a server. */
  get location(): Directive | null {
    return this.name === 'location' ? this.directive : (this.parent?.location ?? null);
  }

  /** The first of its server's; '' where that has none. */
  get serverName(): string {
    if (this.name !== 'server') return this.parent?.serverName ?? '';
    const [first] = this.own('server_name');
    return first === undefined ? '' : (words(first)[0] ?? '');
  }

  /** What `set` has given to it here. */
  variable(name: string): string | null {
    return this.#variables.get(name) ?? this.parent?.variable(name) ?? null;
  }
}

/** Of `location ~ ^/users/(?<id>\\d+)$`; '' for those without a name. */
function groupsOf({ name, args }: Directive): readonly string[] {
  const [, regex] = /^~\*?\s*(.+)$/.exec(args.map(({ text }) => text).join(' ')) ?? [];
  if (name !== 'location' || regex === undefined) return [];
  return pattern(regex, false)?.groups ?? [];
}
