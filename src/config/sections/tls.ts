import { integer, optionalFile, optionalText } from '../kinds.ts';
import { setting } from '../setting.ts';

export const tls = {
  certfile: setting<string | null>({
    flags: ['--certfile'],
    kind: optionalFile,
    default: null,
    help: 'Certificate, in PEM form: with it every address speaks HTTPS',
    detail:
      "The server's own certificate first, then those that have signed it; the private key may be in the same file. Read by the user who starts Kirin: at the start, and whenever it has changed.",
  }),
  keyfile: setting<string | null>({
    flags: ['--keyfile'],
    kind: optionalFile,
    default: null,
    help: 'Private key of the certificate, in PEM form',
    detail: 'Without a passphrase. Only the user who starts Kirin needs to be able to read it.',
  }),
  ca_certs: setting<string | null>({
    flags: ['--ca-certs'],
    kind: optionalFile,
    default: null,
    help: "Certificates of those who sign clients' certificates",
  }),
  cert_reqs: setting<number>({
    flags: ['--cert-reqs'],
    kind: integer({ max: 2, example: 2 }),
    default: 0,
    help: 'Whether clients must have a certificate: 0 no, 1 may, 2 must',
    detail: 'With 1 and 2 one that `ca_certs` does not vouch for ends the connection.',
  }),
  ciphers: setting<string | null>({
    flags: ['--ciphers'],
    kind: optionalText,
    default: null,
    help: 'Ciphers of TLS 1.2, as OpenSSL writes them',
    detail:
      "Without it those of Mozilla's intermediate configuration: forward secrecy and authenticated encryption. Names that begin with TLS_ are suites of TLS 1.3; where there is none, all of them are taken.",
  }),
};
