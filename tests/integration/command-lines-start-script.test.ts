import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Browser } from '../support/browser.ts';
import { withKirin } from '../support/kirin.ts';
import { projectRoot } from '../support/project.ts';

describe('npm start', () => {
  it('builds and serves the example application, and passes options on', async () => {
    // What `npm start -- OPTIONS` runs; npm itself would stand between the signals and the server.
    const commandLine = 'bash scripts/start.sh -b 127.0.0.1:0 --workers 2';
    await withKirin({ commandLine, cwd: projectRoot }, async (kirin) => {
      const browser = new Browser(kirin.url);
      assert.match((await browser.get('/')).text, /Hello, world!/);
      browser.close();
      assert.equal(kirin.workerPids().length, 2);
    });
  });

  it('serves on $PORT', async () => {
    const commandLine = 'bash scripts/start.sh';
    await withKirin({ commandLine, cwd: projectRoot, env: { PORT: '0' } }, async (kirin) => {
      assert.match(kirin.log(), /Listening at: http:\/\/0\.0\.0\.0:\d+/);
      const browser = new Browser(kirin.url);
      assert.equal((await browser.get('/')).status, 200);
      browser.close();
    });
  });
});
