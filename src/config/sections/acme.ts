import {
  type AcmeChallenge,
  acmeChallenge,
  acmeDirectory,
  emailAddress,
  LETS_ENCRYPT,
} from '../acme-kinds.ts';
import { optionalFile, optionalText, wholeMilliseconds } from '../kinds.ts';
import { setting } from '../setting.ts';

export const acme = {
  acme_email: setting<string | null>({
    flags: ['--acme-email'],
    kind: emailAddress,
    default: null,
    help: 'Address that the authority may write to',
    detail:
      'These settings are for sites of `kirin.toml` with `tls = "automatic"`. An authority may want an address.',
  }),
  acme_directory: setting<string>({
    flags: ['--acme-directory'],
    kind: acmeDirectory,
    default: LETS_ENCRYPT,
    defaultText: "Let's Encrypt",
    help: "URL of the authority's directory, or letsencrypt-staging",
    detail:
      'Try with `letsencrypt-staging` first: what it signs nobody trusts, and it lets one make many mistakes.',
  }),
  acme_challenge: setting<AcmeChallenge>({
    flags: ['--acme-challenge'],
    kind: acmeChallenge,
    default: 'auto',
    help: 'How it is shown whose a host is: http-01, tls-alpn-01 or auto',
    detail:
      'For `http-01` the authority connects to port 80 of each host, for `tls-alpn-01` to port 443. `auto` takes what the addresses allow, http-01 first, and the other one when that has failed.',
  }),
  acme_profile: setting<string | null>({
    flags: ['--acme-profile'],
    kind: optionalText,
    default: null,
    help: 'Which of its kinds of certificates the authority is asked for',
    detail: "Let's Encrypt has `classic`, `tlsserver` and `shortlived`, for six days.",
  }),
  acme_folder: setting<string | null>({
    flags: ['--acme-folder'],
    kind: { ...optionalFile, metavar: 'DIR' },
    default: null,
    defaultText: 'see below',
    help: 'Folder of the certificates, their keys and that of the account',
    detail:
      'Made when it is missing, for who starts Kirin alone. Without it `acme` in the folder that systemd gives (`StateDirectory`), else `/var/lib/kirin/acme` for root, and `~/.local/share/kirin/acme` for others. Keep it: authorities limit how many certificates they give in a week.',
  }),
  acme_eab: setting<string | null>({
    flags: ['--acme-eab'],
    kind: optionalFile,
    default: null,
    help: "File with the id and the key of the authority's own account",
    detail:
      'External account binding: some authorities (ZeroSSL, Google) give both on their pages. The id stands first, then the key, with a space or a line between them.',
  }),
  acme_ca: setting<string | null>({
    flags: ['--acme-ca'],
    kind: optionalFile,
    default: null,
    help: "Certificates of those who sign the authority's own",
    detail: 'For an authority of your own (step-ca, Pebble), whose certificate the system does not trust.',
  }),
  acme_pause: setting<number>({
    flags: ['--acme-pause'],
    kind: wholeMilliseconds,
    default: 60,
    help: 'Seconds until a failure is followed by the next attempt',
    detail:
      'It grows to 10, 30, 60 times of that and more, up to 720, and is as long as the authority asks for.',
  }),
};
