import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Certificate, CertificateFolder, opensslIsMissing } from '../certificates.ts';
import { nginxIsMissing } from '../nginx.ts';
import { DIFFERENCES, listed } from './differences.ts';
import { described } from './facts.ts';
import { type Ran, runCase } from './run.ts';
import type { SiteCase } from './site-case.ts';

/** Tests of the configurations, each of its own. */
export function useCases(what: string, cases: readonly SiteCase[]): void {
  describe(`${what}: the same under nginx and, migrated, under Kirin`, {
    skip: nginxIsMissing || opensslIsMissing,
  }, () => {
    let folder: CertificateFolder;
    let certificate: Certificate;
    before(() => {
      folder = new CertificateFolder();
      certificate = folder.certificate('shop');
    });
    after(() => folder.remove());

    const seen = new Set<string>();
    for (const site of cases) {
      it(site.name, async () => {
        for (const name of check(site, await runCase(site, certificate))) seen.add(name);
      });
    }

    it('but for what is different everywhere, which is seen here', () => {
      const everywhere = Object.keys(DIFFERENCES).filter((name) => DIFFERENCES[name]?.everywhere);
      assert.deepEqual(
        everywhere.filter((name) => !seen.has(name)),
        [],
      );
    });
  });
}

/** Names of the rows that have been seen. */
function check(site: SiteCase, { differences, missing, answering, toml }: Ran): readonly string[] {
  const named = site.differs ?? [];
  const seen = differences.map((difference) => listed(difference, named));
  const unlisted = differences.filter((_, index) => seen[index] === undefined).map(described);
  assert.deepEqual(unlisted, [], `${unlisted.join('\n')}\n${toml}`);
  const expected = site.missing ?? [];
  const unforeseen = missing.filter((each) => !expected.some((directive) => each.startsWith(directive)));
  assert.deepEqual(unforeseen, []);
  for (const name of named) assert.ok(seen.includes(name), `nothing shows the difference "${name}" here`);
  assert.equal(answering.kirin, answering.nginx, 'as many servers behind have answered');
  return seen.filter((name) => name !== undefined);
}
