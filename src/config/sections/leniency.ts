import { flag } from '../kinds.ts';
import { setting } from '../setting.ts';

const GUARDED =
  'Never in headers that say where the request ends, where it goes or who sent it (Content-Length, Transfer-Encoding, Host, Connection, Authorization, X-Forwarded-… and their like): a proxy that reads them otherwise could be made to pass on a request that it did not see.';

/** What HTTP wants refused, and somebody has to take. */
export const leniency = {
  strip_header_spaces: setting<boolean>({
    flags: ['--strip-header-spaces'],
    kind: flag,
    default: false,
    help: 'Take headers with a space before the colon',
    detail: GUARDED,
  }),
  permit_obsolete_folding: setting<boolean>({
    flags: ['--permit-obsolete-folding'],
    kind: flag,
    default: false,
    help: 'Take headers that go on in a line that begins with a space',
    detail: `The lines are joined with one space. ${GUARDED}`,
  }),
  permit_unconventional_http_method: setting<boolean>({
    flags: ['--permit-unconventional-http-method'],
    kind: flag,
    default: false,
    help: 'Take methods that are not 3 to 20 upper-case characters',
    detail: 'HEAD and CONNECT in other case are refused all the same, for their responses end elsewhere.',
  }),
  permit_unconventional_http_version: setting<boolean>({
    flags: ['--permit-unconventional-http-version'],
    kind: flag,
    default: false,
    help: 'Take HTTP/1.2 to HTTP/1.9, as HTTP/1.1',
    detail:
      'Which is what they mean to a server that speaks 1.1 (RFC 9110 2.5), and what SERVER_PROTOCOL says. Other versions are answered with 505: their messages would have another form. Gunicorn takes 1.2 to 1.9 in any case, and with this setting every version.',
  }),
  casefold_http_method: setting<boolean>({
    flags: ['--casefold-http-method'],
    kind: flag,
    default: false,
    help: 'Read methods in upper case',
    detail:
      'HEAD and CONNECT in other case are refused all the same, for their responses end elsewhere. Gunicorn refuses other lower-case methods, too, unless `permit_unconventional_http_method` is given.',
  }),
};
