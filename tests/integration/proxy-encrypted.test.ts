import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { HttpUpstream } from '../support/fake-upstream.ts';
import { answerOf, openHttp2, request } from '../support/http2-client.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

/** Of bodies that lie in memory into which what comes next is read. Of these one waits behind another for who reads nothing. */
const LENT_SIZES = [1024, 1025, 4000, 7000, 8000];
/** On both sides of where bodies are text, lie in such memory, and come in pieces. */
const ALL_SIZES = [1, 1023, ...LENT_SIZES, 16_383, 16_384, 16_385, 40_000];
/** Together, more than the system and the windows of HTTP/2 hold for one who reads nothing. */
const SENT_AHEAD = 2000;
const CLIENTS = 2;
const STREAMS = 100;

/** Every byte there is, and no two bodies alike. */
function bodyOf(target: string): Buffer {
  const [, size, number] = target.split('/').map(Number) as [number, number, number];
  const body = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at += 1) body[at] = at * 7 + (at >> 8) + number * 13;
  return body;
}

const targetOf = (number: number, sizes = ALL_SIZES) => `/${sizes[number % sizes.length]}/${number}`;

describe('what is proxied to clients with TLS', { skip: opensslIsMissing }, () => {
  const certificates = new CertificateFolder();
  const { cert, key } = certificates.certificate('server');
  const ca = readFileSync(cert);
  const upstream = new HttpUpstream(({ target }, response) => {
    response.end(bodyOf(target));
  });
  const opened: { destroy(): void }[] = [];
  let proxying: ProxyingKirin;

  before(async () => {
    await upstream.start();
    proxying = await ProxyingKirin.start(
      `[[sites.routes]]\npath = "/"\nproxy = "http://127.0.0.1:${upstream.port}"`,
      `bind = "127.0.0.1:0"\ncertfile = "${cert}"\nkeyfile = "${key}"\nhttp_protocols = "h2,h1"`,
    );
  });

  after(async () => {
    await proxying.stop();
    await upstream.stop();
    certificates.remove();
  });

  afterEach(() => {
    for (const client of opened.splice(0)) client.destroy();
  });

  const openHttp1 = async () => {
    const client = await RawConnection.open({ port: proxying.port, tls: { ca, servername: 'localhost' } });
    opened.push(client);
    return client;
  };
  const openSession = () => {
    const session = openHttp2(proxying.port, { ca });
    opened.push(session);
    return session;
  };
  const ask = (target: string) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

  async function assertNext(client: RawConnection, target: string): Promise<void> {
    const { status, body } = await client.readResponse();
    assert.equal(status, 200);
    assert.ok(body.equals(bodyOf(target)), `${target} is not what was sent`);
  }

  /** Nobody's next request is begun, for nobody reads. */
  async function isQuiet(): Promise<void> {
    let [count, since] = [0, 0];
    await waitFor(() => {
      if (upstream.requests.length !== count) since = performance.now();
      count = upstream.requests.length;
      return count > 0 && performance.now() - since > 500;
    });
    assert.ok(count < CLIENTS * SENT_AHEAD, 'some wait for their client');
  }

  async function serveOthers(): Promise<void> {
    const other = await openHttp1();
    for (let number = 0; number < 50; number += 1) {
      other.send(ask(targetOf(number)));
      await assertNext(other, targetOf(number));
    }
  }

  it('comes whole and in order to those that send ahead, and read late (HTTP/1)', async () => {
    const all = Array.from({ length: CLIENTS }, async (_, client) => {
      const targets = Array.from({ length: SENT_AHEAD }, (_, number) =>
        targetOf(client + number, LENT_SIZES),
      );
      const late = await openHttp1();
      late.pause();
      await late.sendAll(targets.map(ask).join(''));
      return { late, targets };
    });
    const clients = await Promise.all(all);
    await isQuiet();
    await serveOthers();
    for (const { late, targets } of clients) {
      late.resume();
      for (const target of targets) await assertNext(late, target);
    }
  });

  it('comes whole to one that has many requests under way, and reads late (HTTP/2)', async () => {
    const [late, other] = [openSession(), openSession()];
    const targets = Array.from({ length: STREAMS }, (_, number) => targetOf(number));
    const streams = targets.map((target) => request(late, { ':path': target }).pause());
    const answers = Promise.all(streams.map((stream) => answerOf(stream)));
    await serveOthers();
    for (const target of targets) {
      assert.ok((await answerOf(request(other, { ':path': target }))).body.equals(bodyOf(target)));
    }
    for (const stream of streams) stream.resume();
    for (const [index, { status, body }] of (await answers).entries()) {
      const target = targets[index] as string;
      assert.equal(status, 200);
      assert.ok(body.equals(bodyOf(target)), `${target} is not what was sent`);
    }
  });
});
