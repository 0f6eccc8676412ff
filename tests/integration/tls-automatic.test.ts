// Against Pebble, Let's Encrypt's authority for tests.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AutomaticSites, type SitesOptions } from '../support/automatic-sites.ts';
import { Pebble, pebbleIsMissing } from '../support/pebble.ts';
import { signalIfAlive } from '../support/processes.ts';
import { waitFor } from '../support/wait-for.ts';

const site = (hosts: string, answer: string, ...more: readonly string[]) => [
  `hosts = ${hosts}`,
  'tls = "automatic"',
  `routes = [{ respond = "${answer}" }]`,
  ...more,
];
const SHOP = site('["shop.test", "www.shop.test"]', 'shop');
const BLOG = site('"blog.test"', 'blog');

async function withSites(
  pebble: Pebble,
  options: SitesOptions,
  use: (sites: AutomaticSites) => Promise<void>,
): Promise<void> {
  const sites = new AutomaticSites(pebble, options);
  try {
    await use(sites);
  } finally {
    sites.remove();
  }
}

/** It has come, and is what clients are shown. */
async function shown(sites: AutomaticSites, ...hosts: readonly string[]): Promise<void> {
  for (const host of hosts) {
    await waitFor(async () => (await sites.certificate(host)).issuer.includes('Pebble'), {
      timeoutMs: 30_000,
      what: `a certificate for ${host}`,
    });
  }
}

describe('automatic certificates', { skip: pebbleIsMissing }, () => {
  let pebble: Pebble;
  before(async () => {
    pebble = await Pebble.start();
  });
  after(() => pebble?.stop());

  for (const challenge of ['http-01', 'tls-alpn-01']) {
    it(`are obtained by ${challenge}, for all hosts of a site, and shown without a restart`, async () => {
      const settings = [`acme_challenge = "${challenge}"`];
      const shop = [...SHOP, 'https_only = true', 'deny = "127.0.0.2"'];
      await withSites(pebble, { settings, sites: [shop, BLOG] }, async (sites) => {
        const kirin = await sites.start();
        await kirin.waitForLog(
          /Obtaining a certificate for shop\.test, www\.shop\.test from localhost:\d+, by /,
        );
        await shown(sites, 'shop.test', 'www.shop.test', 'blog.test');
        assert.ok(kirin.log().includes(`by ${challenge}`));
        assert.match(
          kirin.log(),
          /The certificate for blog\.test holds until 20.* UTC, and is renewed from 20.* UTC on/,
        );
        for (const [host, body] of [
          ['shop.test', 'shop'],
          ['www.shop.test', 'shop'],
          ['blog.test', 'blog'],
        ] as const)
          assert.equal(await sites.curl(host, '/'), body);
        await kirin.stop();
      });
    });
  }

  for (const [scheme, challenge] of [
    ['https', 'tls-alpn-01'],
    ['http', 'http-01'],
  ] as const) {
    it(`are obtained by ${challenge} where there is an address for ${scheme} alone`, async () => {
      await withSites(pebble, { sites: [BLOG], speaks: [scheme] }, async (sites) => {
        const kirin = await sites.start();
        await kirin.waitForLog(
          new RegExp(`Obtaining a certificate for blog\\.test from \\S+, by ${challenge}\n`),
        );
        await kirin.waitForLog(/The certificate for blog\.test holds until/);
        await kirin.stop();
      });
    });
  }

  it('are kept from everybody else, and used again after a restart', async () => {
    await withSites(pebble, { sites: [SHOP] }, async (sites) => {
      const first = await sites.start();
      await shown(sites, 'shop.test');
      const before = await sites.certificate('shop.test');
      await first.stop();
      const [folder = ''] = readdirSync(sites.acmeFolder);
      const files = readdirSync(join(sites.acmeFolder, folder)).sort();
      assert.deepEqual(files, ['account.json', 'account.key', 'shop.test.pem']);
      for (const name of files) {
        assert.equal(statSync(join(sites.acmeFolder, folder, name)).mode & 0o777, 0o600, name);
      }
      assert.equal(statSync(sites.acmeFolder).mode & 0o777, 0o700);
      const orders = pebble.orders;
      const second = await sites.start();
      assert.equal((await sites.certificate('shop.test')).fingerprint256, before.fingerprint256);
      await second.waitForLog(/The certificate for shop\.test, www\.shop\.test holds until/);
      await second.stop();
      assert.doesNotMatch(second.log(), /Obtaining/);
      assert.equal(pebble.orders, orders);
    });
  });

  it('are obtained anew for other hosts after a reload, and meanwhile the old one is shown', async () => {
    await withSites(pebble, { sites: [BLOG] }, async (sites) => {
      const kirin = await sites.start();
      await shown(sites, 'blog.test');
      const orders = pebble.orders;
      sites.write({ sites: [site('["blog.test", "news.test"]', 'blog'), SHOP] });
      kirin.signal('SIGHUP');
      await waitFor(
        async () => (await sites.certificate('blog.test')).subjectAltName?.includes('news.test'),
        { timeoutMs: 30_000, what: 'a certificate for both hosts', details: () => kirin.log() },
      );
      await shown(sites, 'news.test', 'shop.test');
      assert.equal(await sites.curl('news.test', '/'), 'blog');
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 1 worker, generation 3/);
      assert.equal(pebble.orders, orders + 2);
      await kirin.stop();
      const keyOf = (name: string) => {
        const [folder = ''] = readdirSync(sites.acmeFolder);
        return /-----BEGIN PRIVATE KEY-----[^-]*/.exec(
          readFileSync(join(sites.acmeFolder, folder, name), 'utf8'),
        )?.[0];
      };
      assert.notEqual(keyOf('blog.test.pem'), keyOf('shop.test.pem'));
    });
  });

  it('that cannot be obtained hold up no others, nor the server, and are tried again after a pause that grows', async () => {
    await pebble.place('gone.test', '127.0.0.9');
    const settings = ['acme_pause = 0.3', 'acme_challenge = "http-01"'];
    const sites = [site('["gone.test"]', 'gone'), site('"blocked.test"', 'blocked'), BLOG];
    await withSites(pebble, { settings, sites }, async (automatic) => {
      const kirin = await automatic.start();
      await shown(automatic, 'blog.test');
      assert.equal(await automatic.curl('blog.test', '/'), 'blog');
      const gone =
        /No certificate for gone\.test: gone\.test: .*connection refused.*; it is tried again in (0\.3|3\.?\d*) s/g;
      await kirin.waitForLog(/No certificate for blocked\.test: .*forbidden by policy/);
      await waitFor(() => (kirin.log().match(gone)?.length ?? 0) >= 2, { details: () => kirin.log() });
      const pauses = [...kirin.log().matchAll(gone)].map(([, pause]) => Number(pause));
      assert.ok((pauses[1] as number) >= 10 * (pauses[0] as number) * 0.9, pauses.join(', '));
      assert.match((await automatic.certificate('gone.test')).issuer, /Kirin: temporary/);
      const orders = pebble.orders;
      await kirin.stop();
      // The pause outlives the process: whoever is started again and again does not ask again and again.
      automatic.write({ settings: ['acme_pause = 3600', 'acme_challenge = "http-01"'], sites });
      const again = await automatic.start();
      await again.waitForLog(/The certificate for blog\.test holds until/);
      const stillPaused = again.log();
      assert.ok(pebble.orders <= orders + 2, stillPaused);
      await again.stop();
    });
  });

  it('are renewed sooner where the authority wants that', async () => {
    await withSites(pebble, { sites: [BLOG] }, async (sites) => {
      const first = await sites.start();
      await shown(sites, 'blog.test');
      const { fingerprint256, raw, validTo } = await sites.certificate('blog.test');
      await first.stop();
      assert.doesNotMatch(first.log(), /since the authority wants it/);
      const start = new Date(Date.now() + 5 * 86_400_000);
      const pem = `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----\n`;
      await pebble.wantRenewal(pem, start, new Date(start.getTime() + 1000));
      const second = await sites.start();
      const day = start.toISOString().slice(0, 10);
      await second.waitForLog(
        new RegExp(
          `The certificate for blog\\.test is renewed from ${day} \\S+ UTC on, since the authority wants it`,
        ),
      );
      assert.equal((await sites.certificate('blog.test')).fingerprint256, fingerprint256);
      assert.ok(Date.parse(validTo) > start.getTime());
      await second.stop();
    });
  });

  it('are shown by the edge that takes the place of one that has died', async () => {
    await withSites(pebble, { sites: [BLOG] }, async (sites) => {
      const kirin = await sites.start();
      await shown(sites, 'blog.test');
      const { fingerprint256 } = await sites.certificate('blog.test');
      const from = kirin.log().length;
      signalIfAlive(kirin.edgePid(), 'SIGKILL');
      await kirin.waitForLog(/Listening again/, { from });
      assert.equal((await sites.certificate('blog.test')).fingerprint256, fingerprint256);
      await kirin.stop();
    });
  });
});
