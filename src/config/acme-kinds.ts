import { choice, optionalText } from './kinds.ts';
import { type Kind, ValueProblem } from './setting.ts';

/** Directories of well-known authorities: https://letsencrypt.org/docs/acme-protocol-updates/, /docs/staging-environment/ */
const DIRECTORIES: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

export const LETS_ENCRYPT = DIRECTORIES.letsencrypt as string;

/** The URL of an authority's directory, or the name of one that is known. */
export const acmeDirectory: Kind<string> = {
  metavar: 'URL',
  parse(text) {
    const written = text.trim();
    const url = DIRECTORIES[written.toLowerCase()] ?? written;
    if (URL.canParse(url) && new URL(url).protocol === 'https:') return url;
    const names = Object.keys(DIRECTORIES).join(' or ');
    throw new ValueProblem(`not the URL of an authority's directory (https://…); give that, or ${names}`);
  },
  show: (url) => url,
};

/** An address that the authority may write to; an empty one is none. */
export const emailAddress: Kind<string | null> = {
  ...optionalText,
  metavar: 'ADDRESS',
  parse(text) {
    const address = text.trim();
    if (address === '') return null;
    if (/^[^\s@,]+@[^\s@,]+$/.test(address)) return address;
    throw new ValueProblem('not an address; give one such as admin@shop.example');
  },
};

export type AcmeChallenge = 'auto' | 'http-01' | 'tls-alpn-01';

export const acmeChallenge: Kind<AcmeChallenge> = choice(['auto', 'http-01', 'tls-alpn-01'], 'NAME');
