import type { Exchange } from '../exchange.ts';
import { compilePath } from '../path-template.ts';
import type { Template } from '../template.ts';

/** One of several paths that are tried in turn. */
export interface Candidate {
  /** Percent-encoded. */
  readonly path: string;
  /** Nothing but a folder will do, or nothing but a file. */
  readonly wantsFolder: boolean;
}

/** Paths that are tried, as nginx's try_files does: worked out for each request. */
export class Candidates {
  readonly #templates: readonly { readonly path: Template; readonly wantsFolder: boolean }[];

  constructor(templates: readonly string[]) {
    this.#templates = templates.map((template) => {
      const wantsFolder = template.endsWith('/');
      return { path: compilePath(wantsFolder ? template.slice(0, -1) : template), wantsFolder };
    });
  }

  of(exchange: Exchange): readonly Candidate[] {
    return this.#templates.map(({ path, wantsFolder }) => ({ path: path(exchange), wantsFolder }));
  }
}

/** The same for requests that try the same. */
export function keyOf(candidates: readonly Candidate[]): string {
  return candidates.map(({ path, wantsFolder }) => (wantsFolder ? `${path}/` : path)).join(' ');
}
