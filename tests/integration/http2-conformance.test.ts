import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { h2specIsMissing, runH2spec } from '../support/h2spec.ts';
import { withKirin } from '../support/kirin.ts';

describe('HTTP/2', { skip: opensslIsMissing || h2specIsMissing }, () => {
  const folder = new CertificateFolder();
  const { cert, key } = folder.certificate('server');
  after(() => folder.remove());

  it('passes every case of h2spec', async () => {
    const args = ['--certfile', cert, '--keyfile', key, '--http-protocols', 'h2,h1', '-w', '2'];
    await withKirin({ app: 'environ_dump:app', args }, async (kirin) => {
      const { passed, failures, summary } = await runH2spec(kirin.port);
      assert.equal(failures, '');
      assert.match(summary, /^\d+ tests, \d+ passed, 0 skipped, 0 failed$/);
      assert.ok(passed >= 145, summary);
    });
  });
});
