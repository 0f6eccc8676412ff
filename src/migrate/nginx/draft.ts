// The kirin.toml in the making: each key knows which directive it comes from.

import type { Directive } from './syntax.ts';

export type TomlValue = string | number | boolean | readonly TomlValue[] | TomlTable;
export interface TomlTable {
  readonly [key: string]: TomlValue;
}

export interface DraftEntry {
  readonly value: TomlValue;
  /** null: it stands for what nginx does without being told. */
  readonly from: Directive | null;
  /** In the line above it. */
  readonly comment: string | null;
}

export class TableDraft {
  readonly comments: string[] = [];
  readonly entries = new Map<string, DraftEntry>();

  set(key: string, value: TomlValue, from: Directive | null = null, comment: string | null = null): this {
    this.entries.set(key, { value, from, comment });
    return this;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  get(key: string): TomlValue | undefined {
    return this.entries.get(key)?.value;
  }

  /** Another with the same, to be changed by itself. */
  copy(): TableDraft {
    const copy = new TableDraft();
    copy.comments.push(...this.comments);
    for (const [key, entry] of this.entries) copy.entries.set(key, entry);
    return copy;
  }
}

export class SiteDraft extends TableDraft {
  readonly routes: TableDraft[] = [];
}

export class FileDraft {
  readonly settings = new TableDraft();
  readonly upstreams = new Map<string, TableDraft>();
  readonly caches = new Map<string, TableDraft>();
  readonly sites: SiteDraft[] = [];
}

/** A route has one of these, or is the application's. */
export const ACTION_KEYS = ['app', 'files', 'proxy', 'redirect', 'respond', 'rewrite'] as const;
