import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { dataFolder } from '../../base/data-folder.ts';
import type { AcmeChallenge } from '../../config/acme-kinds.ts';
import type { BindAddress } from '../../config/bind-address.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import type { AcmeAccount, ChallengeType } from '../../protocol/supervision/acme.ts';

/** What a configuration says about certificates that are obtained automatically. */
export interface AcmePlan {
  readonly account: AcmeAccount;
  /** File with certificates of those who sign the authority's own; null: the system's. */
  readonly ca: string | null;
  /** Those that may be used, the preferred one first. */
  readonly challenges: readonly ChallengeType[];
  /** After the first failure; it grows with more. */
  readonly pauseMs: number;
  /** One certificate for each of these lists of hosts. */
  readonly certificates: readonly (readonly string[])[];
}

interface AcmeSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly owner: { readonly uid: number };
}

/** null: no site wants any. */
export function acmePlan(
  { settings, front }: Pick<ResolvedConfig, 'settings' | 'front'>,
  surroundings: AcmeSurroundings,
): AcmePlan | null {
  const certificates = front.sites.flatMap(({ hosts, tls }) =>
    tls?.source.kind === 'automatic' ? [hosts] : [],
  );
  if (certificates.length === 0) return null;
  return {
    account: acmeAccount(settings, surroundings),
    ca: settings.acme_ca === null ? null : resolve(settings.chdir, settings.acme_ca),
    challenges: possibleChallenges(settings.acme_challenge, settings.bind),
    pauseMs: settings.acme_pause * 1000,
    certificates,
  };
}

export function acmeAccount(
  settings: ResolvedConfig['settings'],
  { env, owner }: AcmeSurroundings,
): AcmeAccount {
  const { acme_directory, acme_email, acme_profile, acme_folder, acme_eab, chdir } = settings;
  return {
    directory: acme_directory,
    email: acme_email,
    profile: acme_profile,
    bindingFile: acme_eab === null ? null : resolve(chdir, acme_eab),
    folder: acme_folder === null ? usualFolder(env, owner.uid) : resolve(chdir, acme_folder),
  };
}

/** systemd's StateDirectory= may name several. */
function usualFolder(env: NodeJS.ProcessEnv, uid: number): string {
  const [state] = (env.STATE_DIRECTORY ?? '').split(':');
  if (state) return join(state, 'acme');
  if (uid === 0) return '/var/lib/kirin/acme';
  return join(dataFolder({ env, home: homedir(), platform: process.platform }), 'acme');
}

/** Plain HTTP is needed for the one, TLS for the other. Where neither is seen, whoever stands in front may know. */
export function possibleChallenges(
  wanted: AcmeChallenge,
  addresses: readonly Pick<BindAddress, 'scheme'>[],
): readonly ChallengeType[] {
  if (wanted !== 'auto') return [wanted];
  const possible: ChallengeType[] = [];
  if (addresses.some(({ scheme }) => scheme === 'http')) possible.push('http-01');
  if (addresses.some(({ scheme }) => scheme !== 'http')) possible.push('tls-alpn-01');
  return possible;
}
