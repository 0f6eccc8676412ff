import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { Exchange } from '../exchange.ts';
import type { FolderEntry, ListedFolder } from './list-folder.ts';
import { listingPage } from './listing-page.ts';
import { LISTING_STYLE, STYLE_QUERY } from './listing-style.ts';
import { PathProblem, parseFilePath } from './request-path.ts';

export const SORT_KEYS = ['name', 'size', 'modified'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface SortOrder {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

/** What has been made of a folder: it is looked through once for all who ask at once, and to sort ten thousand names takes long. */
const made = new WeakMap<ListedFolder, Map<string, Buffer>>();

/** As a page, or as JSON for who prefers that. */
export function answerWithListing(exchange: Exchange, folder: ListedFolder): void {
  const { fields, path, query } = exchange.head;
  if (query === STYLE_QUERY) {
    respond(exchange, 'text/css; charset=utf-8', STYLE, 'Cache-Control: max-age=3600');
    return;
  }
  const order = orderOf(query);
  const isJson = prefersJson(fields.list('accept'));
  const bodies = made.get(folder) ?? new Map<string, Buffer>();
  made.set(folder, bodies);
  const key = [isJson, order.key, order.isDescending, isJson ? '' : path].join(' ');
  const body =
    bodies.get(key) ?? Buffer.from(isJson ? json(folder, order) : page(folder, order, path), 'utf8');
  bodies.set(key, body);
  respond(exchange, isJson ? 'application/json' : 'text/html; charset=utf-8', body);
}

const STYLE = Buffer.from(LISTING_STYLE);

const json = ({ entries }: ListedFolder, order: SortOrder): string =>
  `${JSON.stringify(sorted(entries, order).map(asJson))}\n`;

function page(folder: ListedFolder, order: SortOrder, path: string): string {
  const filePath = parseFilePath(path);
  const names = filePath instanceof PathProblem ? [] : filePath.names;
  return listingPage(names, { ...folder, entries: sorted(folder.entries, order) }, order);
}

/** `caching`: the fields that say how long it may be kept, and for whom. */
function respond(
  exchange: Exchange,
  type: string,
  body: Buffer,
  caching = 'Cache-Control: no-cache\r\nVary: Accept',
): void {
  const head = [
    `200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}`,
    caching,
    "Content-Security-Policy: default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
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

/** Browsers name text/html. Who names application/json and no page, as libraries do, gets that at the same weight, too. */
function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const weightOf = (...ranges: readonly string[]): number | null => {
    for (const range of ranges) {
      for (const element of accept.split(',')) {
        const [type = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
        if (type !== range) continue;
        const quality = parameters.find((parameter) => parameter.startsWith('q='));
        return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
      }
    }
    return null;
  };
  const named = weightOf('application/json');
  const json = named ?? weightOf('application/*', '*/*') ?? 0;
  const html = weightOf('text/html', 'text/*', '*/*') ?? 0;
  const isNamedAlone = named !== null && named > 0 && weightOf('text/html', 'text/*') === null;
  return isNamedAlone ? json >= html : json > html;
}
