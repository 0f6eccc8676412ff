import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { readOcspResponse } from '../../../src/tls/ocsp-response.ts';
import { CertificateFolder, opensslIsMissing } from '../../support/certificates.ts';

const DAY_MS = 86_400_000;

describe('what an authority says of a certificate', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  after(() => folder.remove());
  const authority = folder.authority('authority');
  const certificate = folder.certificate('shop', { by: authority });
  const { serialNumber } = new X509Certificate(folder.read(certificate.cert));
  const bytes = readFileSync(folder.ocspResponse(certificate, authority));

  it('is about it, and holds for a while', () => {
    const response = readOcspResponse(bytes);
    assert.deepEqual(response?.serialNumbers, [serialNumber]);
    assert.equal(response.status, 'good');
    assert.ok(Math.abs((response.untilMs ?? 0) - Date.now() - DAY_MS) < 600_000);
  });

  it('may be that it was revoked', () => {
    const revoked = folder.certificate('revoked', { by: authority });
    const file = folder.ocspResponse(revoked, authority, { isRevoked: true });
    assert.equal(readOcspResponse(readFileSync(file))?.status, 'revoked');
  });

  it('is nothing where a part of it is missing, or something else', () => {
    for (const length of [0, 1, 2, 5, 10, 50])
      assert.equal(readOcspResponse(bytes.subarray(0, length)), null);
    assert.equal(readOcspResponse(Buffer.from(folder.read(certificate.cert))), null);
    // "Try later", with nothing else.
    assert.equal(readOcspResponse(Buffer.from('30030a0103', 'hex')), null);
  });

  it('does not break its reader, whichever byte of it is wrong', () => {
    for (let at = 0; at < Math.min(bytes.length, 400); at += 1) {
      for (const value of [0, 0x7f, 0x80, 0xff]) {
        const broken = Buffer.from(bytes);
        broken[at] = value;
        const response = readOcspResponse(broken);
        assert.ok(response === null || response.serialNumbers.length > 0);
      }
    }
  });
});
