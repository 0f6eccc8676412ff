import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { KirinError } from '../base/errors.ts';
import type { Notice } from '../config/notices.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { TlsConfig, TlsIdentity } from '../protocol/supervision/tls-config.ts';
import { CertificateProblem, certificatesIn, validityWarnings } from '../tls/certificate-check.ts';
import type { TicketSecret } from './ticket-secret.ts';
import { type CommonTerms, readIdentity } from './tls-identity.ts';
import { type IdentityWishes, tlsWishes } from './tls-wishes.ts';

/** What has become of certificates since they were looked at before. */
export interface CertificateNews {
  /** Whether there is something that the edge does not know. */
  readonly isNew: boolean;
  readonly notices: readonly Notice[];
}

/** The certificates that one configuration asks for, as they were read last. */
export class Certificates {
  /** What was to be said when they were read first. */
  readonly notices: readonly Notice[];
  readonly #terms: CommonTerms;
  readonly #tickets: TicketSecret;
  readonly #usual: Entry;
  readonly #sites: readonly (readonly [hosts: readonly string[], entry: Entry])[];
  readonly #entries: readonly Entry[];

  /**
   * There must be a certificate.
   * @throws {KirinError} that names the file, and says what would be right
   */
  constructor(config: ResolvedConfig, tickets: TicketSecret, nowMs: number) {
    this.#tickets = tickets;
    tickets.renew(nowMs);
    try {
      const { usual, sites, ...terms } = tlsWishes(config);
      const entries = new Map<IdentityWishes, Entry>();
      const entryOf = (wishes: IdentityWishes): Entry => {
        const entry = entries.get(wishes) ?? new Entry(wishes, terms, nowMs);
        entries.set(wishes, entry);
        return entry;
      };
      this.#terms = terms;
      this.#usual = entryOf(usual);
      this.#sites = sites.map(([hosts, wishes]) => [hosts, entryOf(wishes)]);
      this.#entries = [...entries.values()];
      this.notices = [...terms.notices, ...this.#entries.flatMap(({ warnings }) => warnings.map(asWarning))];
    } catch (error) {
      if (error instanceof CertificateProblem) throw new KirinError('tls-unusable', error.message);
      throw error;
    }
  }

  get tls(): TlsConfig {
    const { ciphers, minVersion, maxVersion, protocols } = this.#terms;
    return {
      ...this.#usual.identity,
      sites: this.#sites.map(([hosts, { identity }]) => ({ hosts, ...identity })),
      ciphers,
      minVersion,
      maxVersion,
      protocols,
      ticketSecret: this.#tickets.value,
    };
  }

  /** Reads again what has changed. What cannot be used changes nothing about what is in use. */
  async look(nowMs: number): Promise<CertificateNews> {
    const news: CertificateNews[] = [{ isNew: this.#tickets.renew(nowMs), notices: [] }];
    for (const entry of this.#entries) {
      if (await entry.needsReading()) news.push(entry.readAgain(this.#terms, nowMs));
    }
    return { isNew: news.some(({ isNew }) => isNew), notices: news.flatMap(({ notices }) => notices) };
  }
}

const NO_NEWS: CertificateNews = { isNew: false, notices: [] };

/** One certificate, with its key and what its clients are checked by. */
class Entry {
  identity: TlsIdentity;
  readonly warnings: readonly string[];
  readonly #wishes: IdentityWishes;
  readonly #paths: readonly string[];
  /** Of the files, before they were read last. */
  #stamps: readonly string[];
  /**
   * What was wrong when they were read last. Whoever replaces a certificate and its key does one after the other: only what is wrong twice
   * is told.
   */
  #problem: { readonly message: string; readonly isTold: boolean } | null = null;

  constructor(wishes: IdentityWishes, terms: CommonTerms, nowMs: number) {
    const { certfile, keyfile, authorityFiles, ocspFile } = wishes;
    const others = [keyfile, ocspFile].filter((file) => file !== null);
    this.#wishes = wishes;
    this.#paths = [certfile, ...others, ...authorityFiles].map(({ path }) => path);
    this.#stamps = this.#paths.map((path) =>
      stampOf(statSync(path, { bigint: true, throwIfNoEntry: false })),
    );
    const { identity, warnings, remarks } = readIdentity(wishes, terms, nowMs);
    this.identity = identity;
    this.warnings = [...warnings, ...remarks];
  }

  async needsReading(): Promise<boolean> {
    const found = this.#paths.map((path) => stat(path, { bigint: true }).then(stampOf, () => GONE));
    const stamps = await Promise.all(found);
    const isAsBefore = isDeepStrictEqual(stamps, this.#stamps);
    this.#stamps = stamps;
    return !isAsBefore || this.#problem?.isTold === false;
  }

  readAgain(terms: CommonTerms, nowMs: number): CertificateNews {
    try {
      const { identity, warnings, remarks } = readIdentity(this.#wishes, terms, nowMs);
      const [warning] = warnings;
      if (warning !== undefined && this.#holds(nowMs)) throw new CertificateProblem(warning);
      this.#problem = null;
      if (isDeepStrictEqual(identity, this.identity)) return NO_NEWS;
      const isOther = identity.certificates !== this.identity.certificates;
      this.identity = identity;
      const news = isOther ? newsOf(this.#wishes, identity) : newsBeside(this.#wishes);
      return { isNew: true, notices: [news, ...[...warnings, ...remarks].map(asWarning)] };
    } catch (error) {
      if (!(error instanceof CertificateProblem)) throw error;
      return this.#noteProblem(error.message);
    }
  }

  #noteProblem(message: string): CertificateNews {
    const isAgain = this.#problem !== null && !this.#problem.isTold;
    this.#problem = { message, isTold: isAgain };
    if (!isAgain) return NO_NEWS;
    const notice = `The new certificate is not taken, the one in use goes on: ${message}`;
    return { isNew: false, notices: [{ level: 'error', message: notice }] };
  }

  #holds(nowMs: number): boolean {
    const { place } = this.#wishes.certfile;
    const certificates = certificatesIn({ text: this.identity.certificates, place });
    return validityWarnings(certificates, place, nowMs).length === 0;
  }
}

const GONE = '';

/** A file that was written anew, or another one in its place: `certbot` and Kubernetes replace symbolic links. */
function stampOf(found: BigIntStats | undefined): string {
  if (found === undefined) return GONE;
  const { dev, ino, size, mtimeNs, ctimeNs } = found;
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function newsOf({ certfile }: IdentityWishes, { certificates }: TlsIdentity): Notice {
  const [own] = certificatesIn({ text: certificates, place: certfile.place });
  return { level: 'info', message: `New: ${certfile.place}, which holds until ${own?.validTo}` };
}

function newsBeside({ certfile }: IdentityWishes): Notice {
  return { level: 'info', message: `Read again: what belongs to ${certfile.place}` };
}

const asWarning = (message: string): Notice => ({ level: 'warning', message });
