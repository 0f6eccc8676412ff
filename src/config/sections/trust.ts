import { choice } from '../kinds.ts';
import { addressList } from '../request-kinds.ts';
import { setting } from '../setting.ts';
import { addressField, fieldNames, fieldValues, proxyMode } from '../trust-kinds.ts';

export const trust = {
  forwarded_allow_ips: setting<readonly string[]>({
    flags: ['--forwarded-allow-ips'],
    kind: addressList,
    default: ['127.0.0.1', '::1'],
    environment: { variable: 'FORWARDED_ALLOW_IPS' },
    help: 'Proxies that are believed about the client; * is all',
    detail:
      'Addresses and networks, separated by commas. A peer on a unix socket is always believed. Use * only where nobody but the proxy can connect.',
  }),
  real_ip_header: setting<string | null>({
    flags: ['--real-ip-header'],
    kind: addressField,
    default: null,
    help: 'Header by which a proxy says the address of its client',
    detail:
      'X-Forwarded-For, or what the proxy has for it: CF-Connecting-IP, X-Real-IP. It counts only from `forwarded_allow_ips`, and is read from its end: the first address that is none of those is the client’s, for REMOTE_ADDR, networks, limits and logs. The proxy must remove or extend what its clients send. Without it the address is that of the connection.',
  }),
  secure_scheme_headers: setting<readonly (readonly [name: string, value: string])[]>({
    flags: ['--secure-scheme-headers'],
    kind: fieldValues,
    default: [
      ['X-FORWARDED-PROTOCOL', 'ssl'],
      ['X-FORWARDED-PROTO', 'https'],
      ['X-FORWARDED-SSL', 'on'],
    ],
    defaultText: 'X-Forwarded-Proto: https, and two like it',
    help: 'Headers by which a proxy says that its client came by TLS',
    detail:
      'With the value that says so, in any case: {"X-FORWARDED-PROTOCOL": "ssl", "X-FORWARDED-PROTO": "https", "X-FORWARDED-SSL": "on"} by default. They count only from `forwarded_allow_ips`; two that disagree are answered with 400. {} is none. Gunicorn has no flag for it.',
  }),
  forwarder_headers: setting<readonly string[]>({
    flags: ['--forwarder-headers'],
    kind: fieldNames,
    default: ['SCRIPT_NAME', 'PATH_INFO'],
    help: 'Headers with underscores that a proxy may send; * is all',
    detail:
      'They count only from `forwarded_allow_ips`. SCRIPT_NAME says where the application is mounted; any other becomes HTTP_NAME in the environ. The proxy must remove or replace those that its clients send. One that comes twice, or also with a dash in its name, is answered with 400.',
  }),
  header_map: setting<'drop' | 'refuse' | 'dangerous'>({
    flags: ['--header-map'],
    kind: choice(['drop', 'refuse', 'dangerous'], 'POLICY'),
    default: 'drop',
    help: 'What becomes of other headers with underscores',
    detail:
      'In the environ X_Real_IP and X-Real-IP are one. `drop` leaves the former out, `refuse` answers 400, and `dangerous` takes it, joined with the latter: then a client can pass for what the proxy says.',
  }),
  proxy_protocol: setting<'off' | 'v1' | 'v2' | 'auto'>({
    flags: ['--proxy-protocol'],
    kind: proxyMode,
    default: 'off',
    help: 'PROXY protocol: off, v1, v2, or auto for either',
    detail:
      'Without a value the flag means `auto`; true and false are taken for auto and off. REMOTE_ADDR and the access log then have the address that the proxy gives. A connection that does not begin with it is plain HTTP; a header that is not valid is answered with 400.',
  }),
  proxy_allow_ips: setting<readonly string[]>({
    flags: ['--proxy-allow-from'],
    kind: addressList,
    default: ['127.0.0.1', '::1'],
    help: 'Who may speak the PROXY protocol; * is all',
    detail:
      'Addresses and networks, separated by commas. Anybody else who does gets 403. A peer on a unix socket always may.',
  }),
};
