// Names of fields as most people write them: they are kept in lower case, and not every server of HTTP/1 reads those in any case.

/** Those that have another form than capitals behind dashes. */
const IRREGULAR = [
  'TE',
  'DNT',
  'ETag',
  'WWW-Authenticate',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Version',
].concat([
  'Sec-WebSocket-Protocol',
  'Sec-WebSocket-Extensions',
  'Sec-CH-UA',
  'Sec-CH-UA-Mobile',
  'Sec-CH-UA-Platform',
  'Sec-GPC',
  'CF-Connecting-IP',
  'X-CSRFToken',
  'X-Real-IP',
  'X-Request-ID',
]);

/** Bounded: names come from clients. */
const MOST = 1000;
const titles = new Map<string, string>();

/** @param name in lower case */
export function fieldTitle(name: string): string {
  const known = titles.get(name);
  if (known !== undefined) return known;
  if (titles.size >= MOST) titles.clear();
  if (titles.size === 0) for (const title of IRREGULAR) titles.set(title.toLowerCase(), title);
  const title = titles.get(name) ?? name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
  titles.set(name, title);
  return title;
}
