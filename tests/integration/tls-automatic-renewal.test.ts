// Against Pebble, Let's Encrypt's authority for tests.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { AutomaticSites } from '../support/automatic-sites.ts';
import { Pebble, pebbleIsMissing } from '../support/pebble.ts';
import { waitFor } from '../support/wait-for.ts';

const BLOG = ['hosts = "blog.test"', 'tls = "automatic"', 'routes = [{ respond = "blog" }]'];
/** base64url */
const BINDING_KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
/** At least a quarter of it is left when the next one is obtained. */
const VALIDITY_SECONDS = 16;

describe('automatic certificates that hold for seconds', { skip: pebbleIsMissing }, () => {
  it('are renewed before they end, while requests are served', async () => {
    const pebble = await Pebble.start({ validitySeconds: VALIDITY_SECONDS });
    const sites = new AutomaticSites(pebble, { sites: [BLOG] });
    try {
      const kirin = await sites.start();
      const seen = new Map<string, number>();
      await waitFor(
        async () => {
          const certificate = await sites.certificate('blog.test');
          if (!certificate.issuer.includes('Pebble')) return false;
          assert.ok(Date.parse(certificate.validTo) > Date.now() - 1000, `it has ended:\n${kirin.log()}`);
          assert.equal(await sites.curl('blog.test', '/'), 'blog');
          seen.set(certificate.serialNumber, Date.now());
          return seen.size >= 3;
        },
        { timeoutMs: 90_000, what: 'three certificates', details: () => kirin.log() },
      );
      assert.doesNotMatch(kirin.log(), /Booting worker(.|\n)*Booting worker/);
      await kirin.stop();
    } finally {
      sites.remove();
      await pebble.stop();
    }
  });

  it('are asked for by the profile that is set, and refused for one that there is not', async () => {
    const pebble = await Pebble.start({ profile: 'shortlived' });
    const settings = ['acme_pause = 3600', 'acme_profile = "shortlive"'];
    const sites = new AutomaticSites(pebble, { settings, sites: [BLOG] });
    try {
      const kirin = await sites.start();
      await kirin.waitForLog(/No certificate for blog\.test: .*profile.*; it is tried again in 1(\.1)? h/);
      sites.write({ settings: ['acme_pause = 0.1', 'acme_profile = "shortlived"'], sites: [BLOG] });
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/The certificate for blog\.test holds until/);
      await kirin.stop();
    } finally {
      sites.remove();
      await pebble.stop();
    }
  });

  it('are given by an authority that knows its own customers alone', async () => {
    const pebble = await Pebble.start({ binding: { id: 'shop-1', key: BINDING_KEY } });
    const sites = new AutomaticSites(pebble, { settings: ['acme_pause = 3600'], sites: [BLOG] });
    const settings = ['acme_pause = 0.1', `acme_eab = "${sites.path}/eab"`];
    try {
      const kirin = await sites.start();
      await kirin.waitForLog(
        /No certificate for blog\.test: .*'externalAccountBinding' field; give the file that has it as acme_eab;/,
      );
      writeFileSync(`${sites.path}/eab`, 'shop-1\n');
      sites.write({ settings, sites: [BLOG] });
      kirin.signal('SIGHUP');
      await kirin.waitForLog(
        /No certificate for blog\.test: acme_eab \S+\/eab does not hold an id and a key/,
      );
      writeFileSync(`${sites.path}/eab`, `shop-1\n${BINDING_KEY}\n`);
      await kirin.waitForLog(/The certificate for blog\.test holds until/);
      await kirin.stop();
    } finally {
      sites.remove();
      await pebble.stop();
    }
  });

  it('are obtained again from an authority that has forgotten everything', async () => {
    const pebble = await Pebble.start({ validitySeconds: VALIDITY_SECONDS });
    const sites = new AutomaticSites(pebble, { settings: ['acme_pause = 0.1'], sites: [BLOG] });
    try {
      const kirin = await sites.start();
      await kirin.waitForLog(/The certificate for blog\.test holds until/);
      const from = kirin.log().length;
      await pebble.restart();
      await kirin.waitForLog(/The certificate for blog\.test holds until/, { from, timeoutMs: 60_000 });
      await kirin.stop();
    } finally {
      sites.remove();
      await pebble.stop();
    }
  });
});
