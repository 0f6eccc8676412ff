import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { checkDocumented } from '../support/documented.ts';
import { type KirinProcess, runKirin, startKirin } from '../support/kirin.ts';
import { exchange } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const APP = `
def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("%s %s %d" % (environ.get("REMOTE_USER"), environ.get("AUTH_TYPE"), len(body))).encode()]
`;

/** Of `secret`. */
const BCRYPT = '$2y$04$UE/dC0YF859avVKKO7.QQOt3mJ5bJwuCmsQQucx3afYY9efWlPmjm';
const APR1 = '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/';

const PROTECTED = `
app = "main:app"
bind = "127.0.0.1:0"

[[sites]]
[[sites.routes]]
path = "/file"
basic_auth = { realm = "Staff \\"only\\"", file = "htpasswd" }
add_headers = { X-User = "$remote_user" }

[[sites.routes]]
path = "/listed"
basic_auth = { users = { "änn" = "${BCRYPT}" } }

[[sites.routes]]
path = "/either"
allow = "127.0.0.1"
satisfy = "any"
basic_auth = { file = "htpasswd" }

[[sites.routes]]
path = "/password-only"
deny = "*"
satisfy = "any"
basic_auth = { file = "htpasswd" }

[[sites.routes]]
path = "/both"
deny = "*"
basic_auth = { file = "htpasswd" }

[[sites.routes]]
path = "/none"
basic_auth = { file = "nowhere" }
`;

describe('basic_auth', () => {
  let folder: AppFolder;
  let kirin: KirinProcess;

  before(async () => {
    folder = new AppFolder({
      'main.py': APP,
      'kirin.toml': PROTECTED,
      htpasswd: `ann:${BCRYPT}\nbob:${APR1}\nold:rqXexS6ZhobKA\n`,
    });
    kirin = await startKirin({ bind: [], cwd: folder.path });
  });

  after(async () => {
    await kirin.stop();
    folder.remove();
  });

  async function ask(target: string, credentials: string | null = null, body = '') {
    const encoded = Buffer.from(credentials ?? '', 'utf8').toString('base64');
    const fields = credentials === null ? '' : `Authorization: Basic ${encoded}\r\n`;
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
    const method = body === '' ? 'GET' : 'POST';
    const response = await exchange(
      { port: kirin.port },
      `${method} ${target} HTTP/1.1\r\nHost: a\r\n${fields}${length}\r\n${body}`,
    );
    const headers = new Map(response.fields.map(([name, value]) => [name.toLowerCase(), value]));
    return { status: response.status, headers, body: response.body.toString('utf8') };
  }

  it('asks for a password, and lets in who knows it', async () => {
    const asked = await ask('/file');
    assert.equal(asked.status, 401);
    assert.equal(asked.headers.get('www-authenticate'), 'Basic realm="Staff \\"only\\"", charset="UTF-8"');
    for (const credentials of ['ann:secret', 'bob:secret', 'ann:secret']) {
      const { status, body, headers } = await ask('/file', credentials);
      const user = credentials.slice(0, 3);
      assert.deepEqual([status, body, headers.get('x-user')], [200, `${user} Basic 0`, user]);
    }
    assert.equal((await ask('/listed', 'änn:secret')).body, 'Ã¤nn Basic 0'.normalize());
  });

  const wrong = ['ann:secre', 'ann:', 'ann', ':secret', 'eve:secret', 'old:secret', ''];
  for (const credentials of wrong) {
    it(`does not let in ${credentials || 'nobody'}`, async () => {
      assert.equal((await ask('/file', credentials)).status, 401);
    });
  }

  it('keeps a body whole while a password is checked', async () => {
    assert.equal((await ask('/file', 'bob:secret', 'x'.repeat(200_000))).body, 'bob Basic 200000');
    assert.equal((await ask('/file', 'bob:wrong', 'x'.repeat(200_000))).status, 401);
  });

  it('goes together with networks: both are needed, or either', async () => {
    assert.equal((await ask('/either')).body, 'None None 0');
    assert.equal((await ask('/password-only')).status, 401);
    assert.equal((await ask('/password-only', 'ann:secret')).status, 200);
    assert.equal((await ask('/both', 'ann:secret')).status, 403);
  });

  it('lets in nobody while the file cannot be read, and says why', async () => {
    assert.equal((await ask('/none', 'ann:secret')).status, 500);
    await kirin.waitForLog(/Users cannot be read, and nobody is let in: ENOENT.*nowhere/);
  });

  it('reads a file that has changed', async () => {
    folder.write('htpasswd', `new:${APR1}\n`);
    await waitFor(async () => (await ask('/file', 'new:secret')).status === 200, { what: 'the new user' });
    assert.equal((await ask('/file', 'ann:secret')).status, 401);
  });

  it('is checked with the file', async () => {
    const mistaken = new AppFolder({
      'main.py': APP,
      'kirin.toml': 'app = "main:app"\n[[sites]]\nbasic_auth = { users = { ann = "secret" } }\n',
    });
    try {
      const { code, log } = await runKirin({ bind: [], cwd: mistaken.path, args: ['--check-config'] });
      assert.notEqual(code, 0);
      assert.match(
        log,
        /kirin\.toml:3:\d+: users = .*: of ann it is no hash that is known; htpasswd -nB ann makes one/,
      );
    } finally {
      mistaken.remove();
    }
  });

  it('is as the documentation shows it', () => checkDocumented('docs/operate/authentication.md'));
});
