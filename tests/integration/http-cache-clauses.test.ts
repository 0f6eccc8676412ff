import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { cacheFacts } from '../support/cache/cache-facts.ts';
import { CLAUSES, type Step } from '../support/cache/clauses.ts';
import { ScriptedOrigin } from '../support/cache/scripted-origin.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const kinds = ['memory', 'files'] as const;

for (const kind of kinds) {
  describe(`a cache in ${kind}`, () => {
    let folder: AppFolder;
    let origin: ScriptedOrigin;
    let kirin: KirinProcess;

    before(async () => {
      origin = await ScriptedOrigin.start();
      const where = kind === 'memory' ? '' : 'folder = "kept"\n';
      folder = new AppFolder({
        'main.py': answering('app'),
        'kirin.toml': `
app = "main:app"
bind = "127.0.0.1:0"
health_path = "/-/health"
forwarded_allow_ips = ["192.0.2.1"]

[caches.pages]
${where}variants = 4

[[sites]]
cache = "pages"
[[sites.routes]]
path = "/"
proxy = "http://127.0.0.1:${origin.port}"
`,
      });
      kirin = await startKirin({ bind: [], cwd: folder.path });
    });

    after(async () => {
      await kirin.stop();
      await origin.stop();
      folder.remove();
    });

    /** What is being written has its name. */
    async function settled(): Promise<void> {
      if (kind === 'memory') return;
      await waitFor(async () => (await cacheFacts(kirin.port)).writing === 0, {
        what: 'the end of what is being written',
      });
    }

    async function take(path: string, step: Step) {
      const { method = 'GET', fields = [], target } = step;
      const host = target === 'upper-host' ? 'HOST.example' : 'host.example';
      const asked = target === 'absolute' ? `http://Host.example${path}` : path;
      const connection = await RawConnection.open({ port: kirin.port });
      try {
        const lines = [`${method} ${asked} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...fields];
        connection.send(`${lines.join('\r\n')}\r\n\r\n`);
        if (step.status === 0) {
          // Broken off, too, or told before anything of it was sent.
          const response = await connection.readResponse({ method }).catch(() => null);
          assert.notEqual(response?.status, 200);
          return null;
        }
        return await connection.readResponse({ method });
      } finally {
        connection.destroy();
      }
    }

    for (const [index, { clause, it: title, origin: script, steps }] of CLAUSES.entries()) {
      it(`${title} (RFC ${clause})`, async () => {
        const path = `/clause/${index}`;
        origin.script(path, script);
        for (const [number, step] of steps.entries()) {
          const which = `step ${number + 1}`;
          await settled();
          const response = await take(path, step);
          assert.equal(origin.seen(path).length, step.asked, `${which}: how often the origin was asked`);
          if (response === null) continue;
          const text = response.body.toString('latin1');
          assert.equal(response.status, step.status ?? 200, `${which}: ${text}`);
          if (step.body !== undefined) assert.equal(text, String(step.body), which);
          const headers = new Map(response.fields.map(([name, value]) => [name.toLowerCase(), value]));
          for (const [name, expected] of Object.entries(step.has ?? {})) {
            const value = headers.get(name) ?? null;
            if (expected instanceof RegExp) assert.match(value ?? '', expected, `${which}: ${name}`);
            else assert.equal(value, expected, `${which}: ${name}`);
          }
        }
      });
    }
  });
}
