import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { withKirin } from '../support/kirin.ts';
import { waitFor } from '../support/wait-for.ts';

const APP = `import json

def app(environ, start_response):
    start_response("200 OK", [])
    return [json.dumps(
        {"a": 1}
    ).encode()]
`;

// As Gunicorn 27 prints them.
const LOADED = ['main:1: import json', 'main:3: def app(environ, start_response):'];
const CALLED = [
  'main:4:     start_response("200 OK", [])',
  'main:5:     return [json.dumps(',
  'main:6:         {"a": 1}',
  'main:5:     return [json.dumps(',
  'main:7:     ).encode()]',
  'main:5:     return [json.dumps(',
];

describe('--spew', () => {
  const folder = new AppFolder({ 'main.py': APP });
  after(() => folder.remove());

  for (const args of [[], ['--threads', '2'], ['--preload']]) {
    it(`prints every line that runs to standard output, and warns of it ${args.join(' ')}`, async () => {
      const options = { app: 'main:app', cwd: folder.path, args: ['--spew', ...args] };
      await withKirin(options, async (kirin) => {
        assert.equal(await (await fetch(kirin.url)).text(), '{"a": 1}');
        const lines = () =>
          kirin
            .stdout()
            .split('\n')
            .filter((line) => line.startsWith('main:'));
        await waitFor(() => lines().length === LOADED.length + CALLED.length, {
          details: kirin.stdout.bind(kirin),
        });
        // Python before 3.10 counts the lines of a call otherwise.
        assert.deepEqual(lines().slice(0, 3), [...LOADED, CALLED[0]]);
        assert.deepEqual(new Set(lines()), new Set([...LOADED, ...CALLED]));
        assert.doesNotMatch(kirin.stdout(), /^kirin_worker/m);
        assert.match(kirin.log(), /\[WARNING\] spew \(from the command line\): every line/);
      });
    });
  }
});
