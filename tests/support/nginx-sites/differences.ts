// All that is not the same under nginx and, migrated, under Kirin.

import type { Difference } from './facts.ts';

export interface Row {
  /** As docs/migrate-from-nginx.md says it, in its table. */
  readonly told: string;
  /** It is seen wherever it may be, and no configuration has to name it. */
  readonly everywhere?: true;
  readonly shows: readonly Pattern[];
}

/** A side that is left out has nothing there. */
interface Pattern {
  readonly fact: RegExp;
  readonly nginx?: RegExp | typeof ANYTHING;
  readonly kirin?: RegExp | typeof ANYTHING;
}

const ANYTHING = 'anything, or nothing';
const PAGE = /^<html>\r\n<head><title>\d{3} /;

export const DIFFERENCES: Readonly<Record<string, Row>> = {
  server: {
    told: 'The `Server` field',
    everywhere: true,
    shows: [{ fact: /^field server$/, nginx: /^nginx/, kirin: ANYTHING }],
  },
  pages: {
    told: 'Pages of errors and redirects',
    everywhere: true,
    shows: [
      { fact: /^body$/, nginx: PAGE, kirin: ANYTHING },
      { fact: /^field content-type$/, nginx: /^text\/html$/, kirin: /^text\/plain; charset=utf-8$/ },
      { fact: /^field content-type$/, nginx: /^text\/html$/ },
    ],
  },
  charset: {
    told: 'The charset of texts',
    everywhere: true,
    shows: [
      {
        fact: /^field content-type$/,
        nginx: /^(text\/(plain|html|css)|application\/json)$/,
        kirin: /^(text\/(plain|html|css)|application\/json); charset=utf-8$/,
      },
    ],
  },
  'media types': {
    told: 'Media types',
    shows: [
      {
        fact: /^field content-type$/,
        nginx: /^(application\/javascript|image\/x-icon|application\/octet-stream)$/,
        kirin:
          /^(text\/javascript; charset=utf-8|image\/vnd\.microsoft\.icon|image\/x-icon|application\/octet-stream)$/,
      },
    ],
  },
  'types of answers': {
    told: 'The type of what `return` answers',
    shows: [
      {
        fact: /^field content-type$/,
        nginx: /^(image\/(gif|jpeg|png)|text\/html|application\/pdf)$/,
        kirin: /^text\/plain$/,
      },
    ],
  },
  'types of aliases': {
    told: 'The type of a file by an `alias` of a regular expression',
    shows: [{ fact: /^field content-type$/, nginx: /^application\/octet-stream$/, kirin: /./ }],
  },
  'one Cache-Control': {
    told: '`Cache-Control` by `expires` and by `add_header`',
    shows: [
      {
        fact: /^field cache-control$/,
        nginx: /^max-age=(\d+), public, max-age=\1/,
        kirin: /^public, max-age=\d+/,
      },
    ],
  },
  'relative location': {
    told: 'Redirects to a path',
    shows: [{ fact: /^field location$/, nginx: /^https?:\/\/[^/]+\//, kirin: /^\// }],
  },
  'segments of dots': {
    told: 'Paths with segments of dots',
    shows: [
      { fact: /./, nginx: ANYTHING, kirin: /^400|^text\/plain; charset=utf-8$/ },
      { fact: /^(field (location|last-modified|accept-ranges)|has etag)$/, nginx: /./ },
    ],
  },
  'charset of passwords': {
    told: 'The challenge of Basic authentication',
    shows: [
      {
        fact: /^field www-authenticate$/,
        nginx: /^Basic realm="[^"]*"$/,
        kirin: /^Basic realm="[^"]*", charset="UTF-8"$/,
      },
    ],
  },
  'forwarded fields': {
    told: 'What a server behind is told of the client',
    shows: [{ fact: /^asked x-forwarded-(for|host|proto)$/, nginx: ANYTHING, kirin: /./ }],
  },
  'retry after': {
    told: 'What is over a limit',
    shows: [{ fact: /^field retry-after$/, kirin: /^\d+$/ }],
  },
  'query twice': {
    told: '`rewrite` to `$request_uri`',
    shows: [{ fact: /^field location$/, nginx: /\?b\?b$/, kirin: /\?b$/ }],
  },
  'caching of what is no file': {
    told: '`expires` of redirects and listings',
    shows: [
      { fact: /^(field cache-control|has expires)$/, nginx: /./ },
      { fact: /^field cache-control$/, nginx: /./, kirin: /^no-cache$/ },
    ],
  },
  'accept ranges': {
    told: '`Accept-Ranges` of parts',
    shows: [{ fact: /^field accept-ranges$/, kirin: /^bytes$/ }],
  },
  'folders without a slash': {
    told: 'Folders without a slash at their end',
    shows: [
      { fact: /^status$/, nginx: /^301$/, kirin: /^40[34]$/ },
      { fact: /^field location$/, nginx: /./ },
    ],
  },
  'fields of error pages': {
    told: 'Fields of pages for errors',
    shows: [{ fact: /^has etag$/, nginx: /./ }],
  },
  'fields of the cache': {
    told: 'Fields of cached responses',
    shows: [{ fact: /^field (age|cache-status)$/, kirin: /./ }],
  },
  upgrades: {
    told: 'Upgrades, to WebSocket for instance',
    shows: [
      { fact: /^status$/, nginx: /^200$/, kirin: /^101$/ },
      { fact: /^(body|field upgrade)$/, kirin: /./ },
      { fact: /^(field (content-type|x-backend)|backend|asked.*)$/, nginx: /^/ },
    ],
  },
  'uri in a redirect': {
    told: '`$uri` in a redirect',
    shows: [{ fact: /^field location$/, nginx: /a b/, kirin: /a%20b/ }],
  },
  listings: {
    told: 'Listings of folders',
    shows: [
      { fact: /^body$/, nginx: /^<html>\r\n<head><title>Index of/, kirin: /./ },
      { fact: /^field (vary|content-security-policy|cache-control|x-content-type-options)$/, kirin: /./ },
    ],
  },
  'methods of files': {
    told: 'Methods of files',
    shows: [{ fact: /^field allow$/, kirin: /^GET, HEAD/ }],
  },
};

/** The name of the row that the difference belongs to, among those that are named and those that are seen everywhere. */
export function listed(difference: Difference, named: readonly string[]): string | undefined {
  const everywhere = Object.keys(DIFFERENCES).filter((name) => DIFFERENCES[name]?.everywhere);
  return [...named, ...everywhere].find((name) =>
    DIFFERENCES[name]?.shows.some((pattern) => matches(pattern, difference)),
  );
}

function matches({ fact, nginx, kirin }: Pattern, difference: Difference): boolean {
  return fact.test(difference.fact) && side(nginx, difference.nginx) && side(kirin, difference.kirin);
}

function side(pattern: Pattern['kirin'], value: string | undefined): boolean {
  if (pattern === ANYTHING) return true;
  return pattern === undefined || value === undefined ? pattern === value : pattern.test(value);
}
