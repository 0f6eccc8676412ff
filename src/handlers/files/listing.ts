import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { Exchange } from '../exchange.ts';
import type { FolderEntry, ListedFolder } from './list-folder.ts';
import { listingPage } from './listing-page.ts';
import { PathProblem, parseFilePath } from './request-path.ts';

export const SORT_KEYS = ['name', 'size', 'modified'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface SortOrder {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

/** As a page, or as JSON for who prefers that. */
export function answerWithListing(exchange: Exchange, folder: ListedFolder): void {
  const { fields, query } = exchange.head;
  const order = orderOf(query);
  const entries = sorted(folder.entries, order);
  if (prefersJson(fields.list('accept'))) {
    respond(exchange, 'application/json', `${JSON.stringify(entries.map(asJson))}\n`);
  } else {
    const path = parseFilePath(exchange.head.path);
    const names = path instanceof PathProblem ? [] : path.names;
    respond(exchange, 'text/html; charset=utf-8', listingPage(names, { ...folder, entries }, order));
  }
}

function respond(exchange: Exchange, type: string, text: string): void {
  const body = Buffer.from(text, 'utf8');
  const head = [
    `200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}`,
    'Cache-Control: no-cache',
    'Vary: Accept',
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    'X-Content-Type-Options: nosniff\r\n',
  ].join('\r\n');
  exchange.respond(head, RESPONSE_FLAG.length, body);
}

/** The shape of nginx's autoindex_format json. */
function asJson({ name, isFolder, size, modifiedMs }: FolderEntry) {
  const common = {
    name: Buffer.from(name, 'latin1').toString('utf8'),
    type: isFolder ? 'directory' : 'file',
    mtime: new Date(modifiedMs).toUTCString(),
  };
  return isFolder ? common : { ...common, size };
}

function orderOf(query: string): SortOrder {
  const parameters = new URLSearchParams(query);
  const key = SORT_KEYS.find((candidate) => candidate === parameters.get('sort')) ?? 'name';
  return { key, isDescending: parameters.get('order') === 'desc' };
}

const collator = new Intl.Collator('en', { numeric: true });

/** Folders first, whatever the order. */
function sorted(entries: readonly FolderEntry[], { key, isDescending }: SortOrder): FolderEntry[] {
  const sign = isDescending ? -1 : 1;
  const texts = new Map(entries.map(({ name }) => [name, Buffer.from(name, 'latin1').toString('utf8')]));
  const textOf = ({ name }: FolderEntry) => texts.get(name) ?? name;
  const byName = (a: FolderEntry, b: FolderEntry) => collator.compare(textOf(a), textOf(b));
  const byKey = (a: FolderEntry, b: FolderEntry): number => {
    if (key === 'size') return a.size - b.size;
    return key === 'modified' ? a.modifiedMs - b.modifiedMs : 0;
  };
  return entries.toSorted(
    (a, b) => Number(b.isFolder) - Number(a.isFolder) || sign * (byKey(a, b) || byName(a, b)),
  );
}

/** Browsers ask for text/html; who names application/json with a greater weight gets that. */
function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const weightOf = (...ranges: readonly string[]): number => {
    for (const range of ranges) {
      for (const element of accept.split(',')) {
        const [type = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
        if (type !== range) continue;
        const quality = parameters.find((parameter) => parameter.startsWith('q='));
        return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
      }
    }
    return 0;
  };
  return weightOf('application/json', 'application/*', '*/*') > weightOf('text/html', 'text/*', '*/*');
}
