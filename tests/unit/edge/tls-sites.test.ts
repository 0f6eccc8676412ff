import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlainly, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { after, afterEach, describe, it } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import type { TlsConfig, TlsIdentity } from '../../../src/protocol/supervision/tls-config.ts';
import { clientRule } from '../../../src/tls/client-rule.ts';
import { type Certificate, CertificateFolder, opensslIsMissing } from '../../support/certificates.ts';
import { RawConnection } from '../../support/raw-connection.ts';
import { EdgeHarness, echo } from './edge-harness.ts';

const REQUEST = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';

describe('a connection with TLS, where sites have certificates of their own', {
  skip: opensslIsMissing,
}, () => {
  const folder = new CertificateFolder();
  after(() => folder.remove());
  const made = new Map<string, Certificate>();
  function certificateOf(name: string): Certificate {
    const certificate = made.get(name) ?? folder.certificate(name);
    made.set(name, certificate);
    return certificate;
  }
  function identity(name: string, changes: Partial<TlsIdentity> = {}): TlsIdentity {
    const { cert, key } = certificateOf(name);
    return {
      certificates: folder.read(cert),
      privateKey: folder.read(key),
      clientCertificates: 'ignored',
      clientAuthorities: '',
      ocsp: null,
      ...changes,
    };
  }
  function config(): TlsConfig {
    const staff = folder.read(certificateOf('staff').cert);
    return {
      ...identity('usual'),
      sites: [
        { hosts: ['shop.example', '*.shop.example'], ...identity('shop') },
        { hosts: ['a.shop.example'], ...identity('a') },
        {
          hosts: ['staff.example'],
          ...identity('office', { clientCertificates: 'required', clientAuthorities: staff }),
        },
      ],
      ticketSecret: 'AAAA',
      ciphers: null,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      protocols: ['http/1.1'],
    };
  }
  let edge: EdgeHarness;
  let clients: RawConnection[] = [];

  const start = async () => {
    edge = await EdgeHarness.start(echo, { tls: config(), logLevel: 'info' });
  };
  async function open(servername: string, tls: ConnectionOptions = {}): Promise<RawConnection> {
    const options = { rejectUnauthorized: false, servername, ...tls };
    const client = await RawConnection.open({ port: edge.port, tls: options });
    clients.push(client);
    return client;
  }
  const nameSeen = (client: RawConnection) => client.secured.getPeerCertificate().subject.CN;
  async function isServed(client: RawConnection): Promise<boolean> {
    client.send(REQUEST);
    const [response] = await Promise.all([client.readResponse().catch(() => null)]);
    return response?.status === 200;
  }
  const staffCertificate = () => {
    const { cert, key } = certificateOf('staff');
    return { cert: folder.read(cert), key: folder.read(key) };
  };

  afterEach(async () => {
    for (const client of clients) client.destroy();
    clients = [];
    await edge.stop();
  });

  it('gets the one for the name that it says, and the usual one for others', async () => {
    await start();
    const names = [
      'shop.example',
      'b.shop.example',
      'c.b.shop.example',
      'a.shop.example',
      'A.Shop.Example',
      'other',
      '',
    ];
    const seen: (string | string[] | undefined)[] = [];
    for (const name of names) {
      const client = await open(name);
      seen.push(nameSeen(client));
      assert.equal(await isServed(client), true);
    }
    assert.deepEqual(seen, ['shop', 'shop', 'shop', 'a', 'a', 'usual', 'usual']);
    assert.equal(edge.exchanges[3]?.peer.tls?.get('SSL_TLS_SNI'), 'a.shop.example');
  });

  it('may send its hello byte by byte', async () => {
    await start();
    const target = connectPlainly(edge.port, '127.0.0.1');
    target.setNoDelay(true);
    await once(target, 'connect');
    const slow = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        const bytes = [...chunk];
        const next = () => {
          const byte = bytes.shift();
          if (byte === undefined) return done();
          target.write(Buffer.of(byte), () => setImmediate(next));
        };
        next();
      },
      final(done) {
        target.end(done);
      },
    });
    target.on('data', (bytes) => slow.push(bytes));
    target.on('end', () => slow.push(null));
    const client = await open('a.shop.example', { socket: slow as Socket });
    assert.equal(nameSeen(client), 'a');
    assert.equal(await isServed(client), true);
    target.destroy();
  });

  it('that sends no hello is served as any other, and told so', async () => {
    await start();
    const client = await edge.open();
    clients.push(client);
    client.send(REQUEST);
    assert.equal((await client.readResponse()).status, 400);
  });

  it('needs a certificate for the name that asks for one, and for no other', async () => {
    await start();
    const client = await open('staff.example', staffCertificate());
    assert.equal(await isServed(client), true);
    const { clientCertificates, clientAuthorities } = config().sites[2] as TlsIdentity;
    assert.equal(edge.exchanges[0]?.peer.clientRule, clientRule({ clientCertificates, clientAuthorities }));
    assert.equal(edge.exchanges[0]?.peer.tls?.get('SSL_CLIENT_S_DN'), 'CN=staff,O=Kirin,C=DE');
    const other = await open('shop.example', staffCertificate());
    assert.equal(await isServed(other), true);
    assert.equal(edge.exchanges[1]?.peer.clientRule, '');
    const stranger = await open('staff.example', { maxVersion: 'TLSv1.3' });
    assert.equal(await isServed(stranger), false);
  });

  /** What a session may be resumed with, once the server has said it. */
  async function sessionOf(client: RawConnection): Promise<Buffer> {
    let ticket: Buffer | undefined;
    client.secured.on('session', (session: Buffer) => {
      ticket = session;
    });
    assert.equal(await isServed(client), true);
    const session = ticket ?? client.secured.getSession();
    assert.ok(session);
    return session;
  }

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`is resumed with the same name, and with no other, in ${maxVersion}`, async () => {
      await start();
      const session = await sessionOf(await open('shop.example', { maxVersion }));
      const again = await open('shop.example', { maxVersion, session });
      assert.equal(again.secured.isSessionReused(), true);
      const elsewhere = await open('other.example', { maxVersion, session });
      assert.equal(elsewhere.secured.isSessionReused(), false);
    });

    it(`needs its certificate also where it comes with another name’s session, in ${maxVersion}`, async () => {
      await start();
      const session = await sessionOf(await open('shop.example', { maxVersion }));
      const stranger = await open('staff.example', { maxVersion, session }).catch(() => null);
      assert.equal(stranger !== null && (await isServed(stranger)), false);
      const own = await sessionOf(await open('staff.example', { maxVersion, ...staffCertificate() }));
      const again = await open('staff.example', { maxVersion, session: own });
      assert.equal(again.secured.isSessionReused(), true);
      assert.equal(await isServed(again), true);
      assert.equal(edge.exchanges.at(-1)?.peer.tls?.get('SSL_CLIENT_S_DN'), 'CN=staff,O=Kirin,C=DE');
    });
  }

  it('is resumed with a new certificate, and by another edge, as long as the secret for tickets is the same', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      await start();
      const session = await sessionOf(await open('shop.example', { maxVersion }));
      const resumes = async () => {
        const client = await open('shop.example', { maxVersion, session });
        return client.secured.isSessionReused();
      };
      const before = config();
      const sites = before.sites.map((site, index) =>
        index === 0 ? { ...site, ...identity('newer') } : site,
      );
      edge.reconfigure({ tls: { ...before, sites } });
      assert.equal(nameSeen(await open('shop.example')), 'newer');
      assert.equal(await resumes(), true);
      edge.reconfigure({ tls: { ...before, sites, ticketSecret: 'BBBB' } });
      assert.equal(await resumes(), false);
      for (const client of clients) client.destroy();
      await edge.stop();
      await start();
      assert.equal(await resumes(), true);
      for (const client of clients) client.destroy();
      await edge.stop();
    }
    await start();
  });

  it('is not resumed where the site asks more of its clients than before', async () => {
    await start();
    const session = await sessionOf(await open('shop.example', { maxVersion: 'TLSv1.3' }));
    const before = config();
    const staff = folder.read(certificateOf('staff').cert);
    const sites = before.sites.map((site, index) =>
      index === 0 ? { ...site, clientCertificates: 'required' as const, clientAuthorities: staff } : site,
    );
    edge.reconfigure({ tls: { ...before, sites } });
    const stranger = await open('shop.example', { maxVersion: 'TLSv1.3', session }).catch(() => null);
    assert.equal(stranger !== null && (await isServed(stranger)), false);
  });

  it('keeps its sessions when another site’s certificate changes', async () => {
    await start();
    const first = await open('shop.example', { maxVersion: 'TLSv1.2' });
    assert.equal(await isServed(first), true);
    const session = first.secured.getSession();
    assert.ok(session);
    const before = config();
    const sites = before.sites.map((site) =>
      site.hosts.includes('a.shop.example') ? { ...site, ...identity('newer') } : site,
    );
    edge.reconfigure({ tls: { ...before, sites } });
    assert.equal(nameSeen(await open('a.shop.example')), 'newer');
    const second = await open('shop.example', { maxVersion: 'TLSv1.2', session });
    assert.equal(second.secured.isSessionReused(), true);
  });
});
