import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { ANY_VERSION } from '../support/ask-site.ts';
import { HttpUpstream } from '../support/fake-upstream.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { fixture } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';

const APP = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [(environ["PATH_INFO"] + " ").encode() * 1000]
`;
/** Together, more than the system buffers for a connection. */
const SENT_AHEAD = 1000;
const PLACES = ['app', 'file', 'proxied', 'proxied/large'];

/** Whether Node is as it is known, or writes to sockets in another way. */
const NODES = [
  ['', {}],
  [
    ', by a Node that writes in another way',
    { NODE_OPTIONS: `--require=${fixture('node/other-writes.cjs')}` },
  ],
] as const;

for (const [which, env] of NODES) {
  describe(`what is written to clients${which}`, () => {
    const upstream = new HttpUpstream(({ target }, response) => {
      response.end(`${target} `.repeat(target.includes('large') ? 5000 : 500));
    });
    let folder: AppFolder;
    let kirin: KirinProcess;

    before(async () => {
      await upstream.start();
      const routes = [
        `[[sites.routes]]\npath = "/file"\nfiles = "."`,
        `[[sites.routes]]\npath = "/proxied"\nproxy = "http://127.0.0.1:${upstream.port}"`,
      ].join('\n');
      folder = new AppFolder({
        'main.py': APP,
        'kirin.toml': `app = "main:app"\nworkers = 1\n${ANY_VERSION}\n[[sites]]\n${routes}`,
        '0.txt': '/file/0.txt '.repeat(1000),
        '1.txt': '/file/1.txt '.repeat(1000),
      });
      kirin = await startKirin({ bind: [], cwd: folder.path, env });
    });

    after(async () => {
      await kirin.stop();
      await upstream.stop();
      folder.remove();
    });

    const open = () => RawConnection.open({ port: kirin.port });
    const targetOf = (place: string, number: number) =>
      place === 'file' ? `/file/${number % 2}.txt` : `/${place}/${number}`;
    const ask = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

    async function assertNext(client: RawConnection, target: string): Promise<void> {
      const { status, body } = await client.readResponse();
      assert.equal(status, 200);
      const text = body.toString();
      assert.equal(text.slice(0, target.length + 1), `${target} `);
      assert.equal(text, `${target} `.repeat(text.length / (target.length + 1)), 'whole');
    }

    for (const place of PLACES) {
      it(`comes whole and in order to one that sends ahead, and reads late: ${place}`, async () => {
        const [late, other] = [await open(), await open()];
        late.pause();
        const targets = Array.from({ length: SENT_AHEAD }, (_, number) => targetOf(place, number));
        await late.sendAll(targets.map(ask).join(''));
        for (let number = 0; number < 20; number += 1) {
          other.send(ask(targetOf(place, number)));
          await assertNext(other, targetOf(place, number));
        }
        late.resume();
        for (const target of targets) await assertNext(late, target);
        late.destroy();
        other.destroy();
      });
    }

    it('does not come to those that reset their connection, and others notice nothing', async () => {
      const other = await open();
      for (let round = 0; round < 10; round += 1) {
        for (const place of PLACES) {
          const leaving = await open();
          leaving.pause();
          await leaving.sendAll(ask(targetOf(place, round)).repeat(100));
          other.send(ask(targetOf(place, round)));
          await assertNext(other, targetOf(place, round));
          leaving.reset();
        }
      }
      other.destroy();
      assert.doesNotMatch(kirin.log(), /error|warn/i);
    });
  });
}
