import type { FolderEntry, ListedFolder } from './list-folder.ts';
import type { SortKey, SortOrder } from './listing.ts';
import { STYLE_QUERY } from './listing-style.ts';
import { encodeName } from './request-path.ts';

/** A page that needs no script, for a screen of any width. @param path of the folder as clients see it */
export function listingPage(
  path: readonly string[],
  { names, entries, omitted }: ListedFolder,
  order: SortOrder,
): string {
  const title = `/${path.map((name) => `${shown(name)}/`).join('')}`;
  const up =
    names.length === 0
      ? ''
      : '<tr><td><a href="../">../</a></td><td class="size"></td><td class="time"></td></tr>\n';
  const note = noteOf(entries.length, omitted);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="stylesheet" href="?${STYLE_QUERY}">
</head>
<body>
<h1>${title}</h1>
<table>
<thead><tr>${header('name', 'Name', '', order)}${header('size', 'Size', 'size', order)}${header('modified', 'Modified<span class="clock"> (UTC)</span>', 'time', order)}</tr></thead>
<tbody>
${up}${entries.map(row).join('\n')}
</tbody>
</table>${note === '' ? '' : `\n<p>${note}</p>`}
</body>
</html>
`;
}

function noteOf(count: number, omitted: number): string {
  if (omitted > 0) return `${omitted} more are not shown.`;
  return count === 0 ? 'This folder is empty.' : '';
}

/** A click on the column that the page is sorted by turns the order around. */
function header(key: SortKey, title: string, style: string, order: SortOrder): string {
  const isSorted = order.key === key;
  const next = isSorted && !order.isDescending ? 'desc' : 'asc';
  const state = isSorted ? ` aria-sort="${order.isDescending ? 'descending' : 'ascending'}"` : '';
  const arrow = isSorted ? (order.isDescending ? ' ↓' : ' ↑') : '';
  const className = style === '' ? '' : ` class="${style}"`;
  return `<th scope="col"${className}${state}><a href="?sort=${key}&amp;order=${next}">${title}${arrow}</a></th>`;
}

function row({ name, isFolder, size, modifiedMs }: FolderEntry): string {
  const slash = isFolder ? '/' : '';
  const time = new Date(modifiedMs).toISOString();
  const link = `<a href="./${escaped(encodeName(name))}${slash}">${shown(name)}${slash}</a>`;
  const label = `${time.slice(0, 10)}<span class="clock"> ${time.slice(11, 16)}</span>`;
  return `<tr><td>${link}</td><td class="size">${isFolder ? '' : sizeText(size)}</td><td class="time"><time datetime="${time}">${label}</time></td></tr>`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? value.toFixed(0) : value.toPrecision(2);
  return `${digits} ${UNITS[unit]}`;
}

/** A name as text: what is no UTF-8 and what cannot be seen is shown as a mark. */
function shown(name: string): string {
  const text = Buffer.from(name, 'latin1').toString('utf8');
  return escaped(text.replace(/\p{Cc}/gu, '\uFFFD'));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
