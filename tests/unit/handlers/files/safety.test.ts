import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Random } from '../../../support/random.ts';
import { FileSite } from './file-site.ts';

/** Ways to ask for /etc/passwd, or for what lies beside the root, that have worked somewhere. */
const TRAVERSALS = [
  '/static/../secret.txt',
  '/static/../../../../../../../../etc/passwd',
  '/static/..',
  '/static/../',
  '/static/a/../../secret.txt',
  '/static/./../secret.txt',
  '/static//../secret.txt',
  '/static/%2e%2e/secret.txt',
  '/static/%2E%2E/secret.txt',
  '/static/.%2e/secret.txt',
  '/static/%2e./secret.txt',
  '/static/..%2fsecret.txt',
  '/static/..%2Fsecret.txt',
  '/static/%2e%2e%2fsecret.txt',
  '/static%2f..%2fsecret.txt',
  '/static/%2fetc%2fpasswd',
  '/static//etc/passwd',
  '/static/%252e%252e/secret.txt',
  '/static/%252e%252e%252fsecret.txt',
  '/static/%25252e%25252e/secret.txt',
  '/static/..%252fsecret.txt',
  '/static/..%5csecret.txt',
  '/static/..\\secret.txt',
  '/static/%5c..%5csecret.txt',
  '/static/..%c0%afsecret.txt',
  '/static/..%c1%9csecret.txt',
  '/static/%c0%ae%c0%ae/secret.txt',
  '/static/%c0%2e%c0%2e/secret.txt',
  '/static/%e0%80%ae%e0%80%ae/secret.txt',
  '/static/%u002e%u002e/secret.txt',
  '/static/\uff0e\uff0e/secret.txt',
  '/static/....//secret.txt',
  '/static/..../secret.txt',
  '/static/..;/secret.txt',
  '/static/..;a=b/secret.txt',
  '/static/..%00/secret.txt',
  '/static/..%0d/secret.txt',
  '/static/..%09/secret.txt',
  '/static/..%20/secret.txt',
  '/static/..?/secret.txt',
  '/static/inside.txt%00.html',
  '/static/inside.txt/.',
  '/static/inside.txt/..',
  '/static/inside.txt/../../secret.txt',
  '/static/file:///etc/passwd',
  '/static/~root/.bashrc',
  '/static/%7e/.bashrc',
  '/static../secret.txt',
  '/static/root/../../secret.txt',
  '/static/%',
  '/static/%2',
  '/static/%zz',
  '/static/inside.txt.',
  '/static/inside.txt%20',
  '/static/inside.txt::$DATA',
];

describe('a path', () => {
  let site: FileSite;
  before(async () => {
    site = await FileSite.start();
    writeFileSync(join(site.outside, 'secret.txt'), 'secret');
    site.write('inside.txt', 'inside');
  });
  after(() => site.stop());

  for (const path of TRAVERSALS) {
    it(`leads to nothing: ${path}`, async () => {
      const response = await site.get(Buffer.from(path, 'utf8').toString('latin1'));
      assert.ok(response.status === 400 || response.status === 404, `${response.status}`);
      assert.doesNotMatch(response.body.toString(), /secret$|root:|^inside/);
    });
  }
});

describe('a path put together at random', () => {
  const PIECES = [
    ...[
      '/',
      '/',
      '/',
      '//',
      '.',
      '..',
      '...',
      '%2e',
      '%2E',
      '%2e%2e',
      '%2f',
      '%5c',
      '\\',
      '%00',
      '%0a',
      '%20',
      '%',
      '%2',
      '%zz',
    ],
    ...[
      'inside.txt',
      'folder',
      'root',
      'out',
      'secret.txt',
      'etc',
      'passwd',
      ';',
      ':',
      '~',
      '%25',
      '%c0%ae',
      '\xff',
      '*',
      '&',
    ],
  ];

  it('never leads out, and never stops the server', async () => {
    const site = await FileSite.start({ listing: true, dotfiles: true });
    writeFileSync(join(site.outside, 'secret.txt'), 'secret');
    site.write('inside.txt', 'inside');
    site.write('folder/inside.txt', 'inside');
    symlinkSync('..', join(site.root, 'out'));
    const random = new Random(5);
    const statuses = new Set<number>();
    for (let round = 0; round < 3000; round += 1) {
      const length = 1 + random.below(8);
      const path = `/static/${Array.from({ length }, () => PIECES[random.below(PIECES.length)]).join('')}`;
      const { status, body } = await site.get(path, 'Accept: application/json');
      statuses.add(status);
      assert.ok([200, 301, 400, 403, 404].includes(status), `${path}: ${status}`);
      if (status === 200) assert.doesNotMatch(body.toString(), /secret|root:|"root"/, path);
    }
    assert.ok(statuses.has(200) && statuses.has(403), [...statuses].join());
    await site.stop();
  });
});

describe('what is no file', () => {
  let site: FileSite;
  before(async () => {
    site = await FileSite.start({ symlinks: 'follow' });
  });
  after(() => site.stop());

  it('is not waited for: a FIFO that nobody writes to', async () => {
    execFileSync('mkfifo', [join(site.root, 'fifo')]);
    assert.equal((await site.get('/static/fifo')).status, 404);
  });

  it('is not opened: a device', async () => {
    symlinkSync('/dev/zero', join(site.root, 'zero'));
    symlinkSync('/dev/tty', join(site.root, 'tty'));
    assert.equal((await site.get('/static/zero')).status, 404);
    assert.equal((await site.get('/static/tty')).status, 404);
  });

  it('is not connected to: a socket', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(site.root, 's'), resolve));
    assert.equal((await site.get('/static/s')).status, 404);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a name that begins with a dot', () => {
  it('is hidden, as is all that is below it', async () => {
    const site = await FileSite.start();
    for (const name of ['.env', '.git/config', 'a/.htaccess', 'a/.well-known/x', '..a', '...'])
      site.write(name === '...' ? '.../x' : name, 'hidden');
    for (const path of [
      '.env',
      '.git/config',
      '.git/',
      'a/.htaccess',
      'a/.well-known/x',
      '.well-known/.x',
      '%2eenv',
      '%2Egit/config',
      '..a',
      '.../x',
    ])
      assert.equal((await site.get(`/static/${path}`)).status, 404, path);
    await site.stop();
  });

  it('is served if it is that of the folder for what everybody may ask for', async () => {
    const site = await FileSite.start();
    site.write('.well-known/security.txt', 'Contact: mailto:a@b');
    assert.equal((await site.get('/static/.well-known/security.txt')).status, 200);
    await site.stop();
  });

  it('is served if that is asked for', async () => {
    const site = await FileSite.start({ dotfiles: true });
    site.write('.env', 'A=1');
    assert.equal((await site.get('/static/.env')).status, 200);
    assert.equal((await site.get('/static/.well-known/../x')).status, 400);
    await site.stop();
  });
});

describe('a symbolic link', () => {
  const POLICIES = ['off', 'inside', 'follow'] as const;
  const expected = {
    // Link, and what it leads to.
    'file-inside': [403, 200, 200],
    'file-outside': [403, 403, 200],
    'folder-inside/a.txt': [403, 200, 200],
    'folder-outside/secret.txt': [403, 403, 200],
    'folder-outside/': [403, 403, 200],
    'to-sibling-of-the-same-start/secret.txt': [403, 403, 200],
    'absolute-inside': [403, 200, 200],
    dangling: [404, 404, 404],
    loop: [403, 403, 403],
    'real/a.txt': [200, 200, 200],
  } as const;

  for (const [index, symlinks] of POLICIES.entries()) {
    describe(`with the policy ${symlinks}`, () => {
      let site: FileSite;
      before(async () => {
        site = await FileSite.start({ symlinks, listing: true });
        site.write('real/a.txt', 'inside');
        const outside = join(site.outside, 'other');
        mkdirSync(outside);
        writeFileSync(join(outside, 'secret.txt'), 'secret');
        // Its name begins with the root's.
        mkdirSync(`${site.root}-more`);
        writeFileSync(join(`${site.root}-more`, 'secret.txt'), 'secret');
        const link = (name: string, target: string) => symlinkSync(target, join(site.root, name));
        link('file-inside', 'real/a.txt');
        link('file-outside', '../other/secret.txt');
        link('folder-inside', 'real');
        link('folder-outside', '../other');
        link('to-sibling-of-the-same-start', '../root-more');
        link('absolute-inside', join(site.root, 'real/a.txt'));
        link('dangling', 'nowhere');
        link('loop', 'loop');
      });
      after(() => site.stop());

      for (const [path, statuses] of Object.entries(expected)) {
        it(`${path}: ${statuses[index]}`, async () => {
          const response = await site.get(`/static/${path}`);
          assert.equal(response.status, statuses[index]);
          if (symlinks !== 'follow') assert.doesNotMatch(response.body.toString(), /secret/);
        });
      }

      it('shows in a listing what it serves', async () => {
        const listing = await site.get('/static/', 'Accept: application/json');
        const names = (JSON.parse(listing.body.toString()) as { name: string }[]).map(({ name }) => name);
        for (const [path, statuses] of Object.entries(expected)) {
          const [name = ''] = path.split('/');
          assert.equal(names.includes(name), statuses[index] === 200, name);
        }
      });
    });
  }

  it('to the root itself is followed whatever the policy, and may be switched', async () => {
    const real = await FileSite.start();
    real.write('a.txt', 'first');
    const link = join(real.outside, 'current');
    symlinkSync(real.root, link);
    const site = await FileSite.start({ symlinks: 'off', folder: link });
    assert.equal((await site.get('/static/a.txt')).body.toString(), 'first');
    mkdirSync(join(real.outside, 'next'));
    writeFileSync(join(real.outside, 'next', 'a.txt'), 'second');
    symlinkSync(join(real.outside, 'next'), `${link}.new`);
    renameSync(`${link}.new`, link);
    assert.equal((await site.get('/static/a.txt')).body.toString(), 'second');
    await site.stop();
    await real.stop();
  });

  it('that takes a checked file’s place is seen, even when what is known is still fresh otherwise', async () => {
    const site = await FileSite.start();
    site.write('a.txt', 'inside');
    writeFileSync(join(site.outside, 'secret.txt'), 'secret');
    assert.equal((await site.get('/static/a.txt')).body.toString(), 'inside');
    rmSync(join(site.root, 'a.txt'));
    symlinkSync('../secret.txt', join(site.root, 'a.txt'));
    assert.equal((await site.get('/static/a.txt')).status, 403);
    assert.match(
      site.reports.join('\n'),
      /\/static\/a\.txt is not served: a symbolic link leads out of the folder/,
    );
    await site.stop();
  });

  it('of the hard kind is a file like any other', async () => {
    const site = await FileSite.start({ symlinks: 'off' });
    linkSync(site.write('a.txt', 'content'), join(site.root, 'b.txt'));
    assert.equal((await site.get('/static/b.txt')).body.toString(), 'content');
    await site.stop();
  });
});

describe('a file that may not be read', {
  skip: process.getuid?.() === 0 && 'root may read everything',
}, () => {
  it('is forbidden, and the log says why', async () => {
    const site = await FileSite.start();
    chmodSync(site.write('closed.txt', 'x'), 0);
    assert.equal((await site.get('/static/closed.txt')).status, 403);
    assert.match(site.reports.join('\n'), /EACCES/);
    await site.stop();
  });
});
