// `kirin dev-cert`: a certificate for servers on this machine.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { domainToASCII } from 'node:url';
import { dataFolder } from '../base/data-folder.ts';
import { KirinError } from '../base/errors.ts';
import type { KeyPair } from '../tls/key-pair.ts';
import { AUTHORITY_NAME, localAuthority, localCertificate } from '../tls/local-authority.ts';
import { writePrivateFile } from '../tls/private-file.ts';
import { commandMisused, commandWords } from './command-words.ts';
import type { CommandCall } from './commands.ts';
import { trustText } from './dev-cert-trust.ts';

const HELP = `usage: kirin dev-cert [OPTIONS] [NAME...]

Makes a certificate and its key for HTTPS on this machine, for these host names and
addresses: localhost, 127.0.0.1 and ::1 unless others are given. *.shop.test is for
all hosts of shop.test. What signs them is an authority of yours alone; it is made
once, and browsers and other clients accept the certificates when they trust it.

  -f, --folder FOLDER  Where the two files are written [the current folder]
  -n, --name NAME      What they are called: NAME.pem, NAME.key [the first host]
  -h, --help           Show this and exit
`;

const FLAGS = { folder: { type: 'string', short: 'f' }, name: { type: 'string', short: 'n' } } as const;
const USUAL_NAMES = ['localhost', '127.0.0.1', '::1'];
const HOST = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;
const READABLE = 0o644;

export async function devCert({ words, env, cwd, print }: CommandCall): Promise<number> {
  const { values, positionals } = commandWords('dev-cert', words, FLAGS);
  if (values.help === true) return print(HELP);
  const names = positionals.length === 0 ? USUAL_NAMES : [...new Set(positionals.map(hostName))];
  const base = resolve(cwd, values.folder ?? '.', values.name ?? fileName(names[0] as string));
  const files = { certificate: `${base}.pem`, key: `${base}.key` };
  refuseForeign(files);
  const authorityFolder = join(dataFolder({ env, home: homedir(), platform: process.platform }), 'dev-cert');
  const now = new Date();
  const authority = await saying(`the authority in ${authorityFolder}`, () =>
    localAuthority(authorityFolder, now),
  );
  const made = await localCertificate(authority, names, now);
  await saying(`${base}.pem and .key`, () => write(made, files));
  return print(report(made, names, files, cwd) + trustText(authority, names[0] as string, process.platform));
}

/** The name as certificates have it. */
function hostName(word: string): string {
  if (isIP(word) !== 0) return word;
  const name = domainToASCII(word.toLowerCase().replace(/\.$/, ''));
  if (HOST.test(name)) return name;
  const meant = URL.canParse(word) ? new URL(word).hostname : word.replace(/:\d+$/, '');
  const example = HOST.test(meant) || isIP(meant) !== 0 ? meant : 'shop.test';
  throw commandMisused(
    'dev-cert',
    `'${word}' is no host; give a name or an address alone, such as ${example}`,
  );
}

const fileName = (host: string): string => host.replace(/[^a-z0-9.-]/g, '_');

/** Running it again renews its files; somebody else's certificate must not be lost. */
function refuseForeign({ certificate, key }: KeyPair): void {
  const isOurs = (text: string) => new X509Certificate(text).issuer.includes(AUTHORITY_NAME);
  for (const path of [certificate, key]) {
    if (readOrNull(path) === null) continue;
    try {
      if (isOurs(readOrNull(certificate) ?? '')) continue;
    } catch {
      // No certificate at all.
    }
    throw new KirinError(
      'file-unusable',
      `${path} is there, and was not made by 'kirin dev-cert'; it is left as it is`,
      'Give another name with --name NAME, or another folder with --folder FOLDER.',
    );
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new KirinError('file-unusable', `${path} cannot be read: ${(error as Error).message}`);
  }
}

function write(made: KeyPair, files: KeyPair): void {
  writePrivateFile(files.key, made.key);
  writePrivateFile(files.certificate, made.certificate, READABLE);
}

async function saying<T>(what: string, use: () => T | Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    throw new KirinError('file-unusable', `${what} cannot be used: ${(error as Error).message}`);
  }
}

function report(made: KeyPair, names: readonly string[], files: KeyPair, cwd: string): string {
  const until = new Date(new X509Certificate(made.certificate).validTo).toISOString().slice(0, 10);
  const [certificate, key] = [files.certificate, files.key].map((path) => shellWord(nearPath(path, cwd)));
  return `A certificate for ${inWords(names)}, until ${until}:

    kirin --certfile ${certificate} --keyfile ${key} hello:app

or for a site of kirin.toml: tls = { certificate = "${files.certificate}", key = "${files.key}" }

`;
}

/** As one would type it here. */
function nearPath(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near.startsWith('..') ? path : near;
}

const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

function inWords(names: readonly string[]): string {
  const last = names.at(-1) as string;
  return names.length === 1 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
