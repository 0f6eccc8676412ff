import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { OFFERED_SECTIONS, SETTINGS } from '../../../../src/config/settings.ts';
import { jsonSchema } from '../../../../src/config/toml/json-schema.ts';
import { isTomlSetting, tomlKeyOf } from '../../../../src/config/toml/setting-table.ts';

const OFFERED = OFFERED_SECTIONS.flatMap(({ names }) => names).filter(isTomlSetting);

describe('the JSON Schema of kirin.toml', () => {
  const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(jsonSchema());

  const right: readonly object[] = [
    {},
    { app: 'shop.wsgi', workers: 4, bind: ':8000', timeout: 0.5, reload: true },
    { bind: [':80', 'unix:/run/shop'], workers: '2..8', max_worker_memory: '300M', limit_request_body: 1024 },
    { loglevel: 'debug', umask: 0o22, forwarded_allow_ips: ['10.0.0.0/8'], raw_env: ['A=1'] },
    { secure_scheme_headers: { 'X-Forwarded-Proto': 'https' }, proxy_protocol: 'v2' },
    { static_files: { '/static': 'static' }, static_max_age: 60, static_missing: 'app' },
    { static_files: ['/static=static', '/media=media'], static_listing: true },
    { apps: { shop: { app: 'shop:app', workers: 2, chdir: 'shop', raw_env: ['A=1'] } }, workers: '1..4' },
    {
      apps: { a: { app: 'a' }, b: { app: 'b' } },
      sites: [{ app: 'a', routes: [{ app: 'b' }, { app: true }] }],
    },
    { sites: [{ hosts: ['shop.example'], routes: [{ path: '/a', redirect: '/b', status: 301 }] }] },
    { sites: [{ routes: [{ path: '/a', files: { folder: 'x', expires: '30d' } }, { files: 'y' }] }] },
    {
      sites: [{ add_headers: { 'X-A': 'a', 'X-B': ['b', { value: 'c', errors: true }] }, request_id: true }],
    },
    { sites: [{ https_only: true, hsts: '1y', routes: [{ scheme: 'http', https_only: false }] }] },
    {
      sites: [
        { tls: { certificate: 'a.pem', key: 'a.key', client_ca: 'b', client_certificates: 'optional' } },
      ],
    },
    { sites: [{ https_only: { port: 8443 }, hsts: { max_age: '1y', subdomains: true, preload: true } }] },
    {
      sites: [
        { error_pages: { 404: '/a', '5xx': { to: '@b', status: 'own' }, intercept: true }, max_body: '1m' },
      ],
    },
    {
      sites: [
        {
          routes: [
            { name: 'a', internal: true, match_headers: { A: 'b', C: true }, rewrite: '/b', again: true },
          ],
        },
      ],
    },
    {
      sites: [
        {
          routes: [
            { files: { root: 'a', try: ['$uri'], missing: '@b' } },
            { files: { root: 'a', missing: 404 } },
          ],
        },
      ],
    },
    { sites: [{ compress: true, routes: [{ compress: { encodings: 'gzip', level: { br: 5 } } }] }] },
    { sites: [{ routes: [{ exact: '/a', respond: { status: 404, body: 'x' } }, { respond: 404 }] }] },
    {
      caches: { a: { size: '10m', inactive: 60 } },
      sites: [{ cache: 'a', routes: [{ cache: { in: 'a', valid: { any: '1m' } } }] }],
    },
    {
      sites: [
        {
          rate_limit: '1/s',
          connection_limit: 3,
          access_log: false,
          basic_auth: { file: 'a' },
          satisfy: 'any',
        },
      ],
    },
    { upstreams: { shop: { servers: ['10.0.0.1:8000', { address: 'app', weight: 2, backup: true }] } } },
    { upstreams: { shop: { servers: ['a'], balance: { hash: '$remote_addr', consistent: true } } } },
    { upstreams: { shop: { servers: ['a'], balance: 'two-choices', health: '/health' } }, resolver: '::1' },
    { upstreams: { shop: { servers: ['a'], health: { path: '/', status: [200, '3xx'], every: '5s' } } } },
  ];
  for (const document of right) {
    it(`takes ${JSON.stringify(document)}`, () =>
      assert.ok(validate(document), JSON.stringify(validate.errors)));
  }

  const wrong: readonly object[] = [
    { wrokers: 4 },
    { apps: { shop: {} } },
    { apps: { shop: { app: 'shop:app', bind: ':80' } } },
    { sites: [{ routes: [{ app: false }] }] },
    { wsgi_app: 'shop.wsgi' },
    { check_config: true },
    { workers: true },
    { workers: 0 },
    { timeout: '30' },
    { timeout: -1 },
    { threads: 4.5 },
    { threads: 2000 },
    { reload: 'yes' },
    { bind: 8000 },
    { bind: [8000] },
    { static_files: { '/static': 1 } },
    { static_max_age: -1 },
    { loglevel: 'loud' },
    { secure_scheme_headers: { 'X-Forwarded-Proto': 1 } },
    { caches: { a: { sizes: '10m' } } },
    { sites: [{ cache: { at: 'a' } }] },
    { sites: [{ rate_limit: { burts: 1 } }] },
    { sites: { hosts: [] } },
    { sites: [{ host: 'a' }] },
    { sites: [{ routes: [{ paths: '/a' }] }] },
    { sites: [{ routes: [{ scheme: 'ftp' }] }] },
    { sites: [{ https_only: { ports: 1 } }] },
    { sites: [{ tls: { key: 'a.key' } }] },
    { sites: [{ tls: { certificate: 'a', client_certificates: 'perhaps' } }] },
    { sites: [{ routes: [{ redirect: '/b', status: 200 }] }] },
    { sites: [{ routes: [{ respond: { code: 1 } }] }] },
    { sites: [{ routes: [{ files: { folders: 'x' } }] }] },
    { sites: [{ add_headers: { 'X-A': { error: true } } }] },
    { sites: [{ compress: { encodings: ['deflate'] } }] },
    { sites: [{ error_pages: { '4oo': '/a' } }] },
    { sites: [{ error_pages: { 404: 'a' } }] },
    { sites: [{ routes: [{ files: { root: 'a', missing: 'b' } }] }] },
    { upstreams: [{ servers: ['a'] }] },
    { upstreams: { shop: { servers: [] } } },
    { upstreams: { shop: { servers: [{ wieght: 1 }] } } },
    { upstreams: { shop: { servers: ['a'], balance: 'random' } } },
    { upstreams: { shop: { servers: ['a'], health: { status: true } } } },
  ];
  for (const document of wrong) {
    it(`refuses ${JSON.stringify(document)}`, () => assert.ok(!validate(document)));
  }

  it('knows every setting that is offered, and takes its default as kirin shows it', () => {
    const { properties } = jsonSchema() as { properties: Record<string, { description: string }> };
    assert.deepEqual(
      Object.keys(properties).sort(),
      [...OFFERED.map(tomlKeyOf), 'apps', 'sites', 'upstreams', 'resolver', 'caches'].sort(),
    );
    for (const name of OFFERED) {
      const { default: usual, kind, help } = SETTINGS[name];
      assert.ok(properties[tomlKeyOf(name)]?.description.startsWith(help), name);
      if (usual === null || usual === undefined || typeof usual === 'function') continue;
      const shown = kind.show(usual);
      // What is a dict is shown as JSON.
      const isDict = kind.schema?.type === 'object';
      const value: unknown = isDict ? JSON.parse(String(shown)) : shown;
      assert.ok(validate({ [tomlKeyOf(name)]: value }), `${name}: ${JSON.stringify(validate.errors)}`);
    }
  });
});
