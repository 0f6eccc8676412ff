import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AccessLog } from '../../../src/observe/access-log.ts';
import { LineWriter } from '../../../src/observe/line-writer.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';
import { record } from './fake-record.ts';

const folder = makeTemporaryFolder();
after(() => removeFolder(folder));

let files = 0;
const newFile = (): string => join(folder, `log-${++files}`);
const contentOf = (file: string): string => readFileSync(file, 'utf8');
const unexpected = (problem: string): void => assert.fail(problem);

test('lines are appended in their order', async () => {
  const file = newFile();
  writeFileSync(file, 'before\n');
  const writer = new LineWriter({ target: file, report: unexpected });
  for (const line of ['a', 'b', 'c']) writer.write(line);
  await waitFor(() => contentOf(file) === 'before\na\nb\nc\n', { what: 'the lines' });
  writer.write('d');
  await waitFor(() => contentOf(file).endsWith('c\nd\n'), { what: 'the next turn’s line' });
  writer.close();
});

test('closing writes what is left before it returns', () => {
  const file = newFile();
  const log = new AccessLog('%(s)s', [new LineWriter({ target: file, report: unexpected })]);
  log.write(record());
  log.write(record({ status: 404 }));
  log.close();
  assert.equal(contentOf(file), '200\n404\n');
  log.close();
});

test('after a rotation lines go to the new file, and none is lost', async () => {
  const file = newFile();
  const writer = new LineWriter({ target: file, report: unexpected });
  const total = 2000;
  for (let number = 0; number < total; number++) {
    writer.write(String(number));
    if (number === total / 2) {
      await waitFor(() => contentOf(file) !== '', { what: 'the first lines' });
      renameSync(file, `${file}.1`);
      writer.reopen();
    }
  }
  writer.close();
  await waitFor(() => (contentOf(`${file}.1`) + contentOf(file)).split('\n').length === total + 1, {
    what: 'all lines',
  });
  assert.notEqual(contentOf(file), '');
});

test('when the file cannot be reopened the old one is kept, and it is said', async () => {
  const file = newFile();
  const problems: string[] = [];
  const nested = join(folder, `gone-${files}`);
  execFileSync('mkdir', [nested]);
  const target = join(nested, 'log');
  const writer = new LineWriter({ target, report: (problem) => problems.push(problem) });
  renameSync(nested, file);
  writer.reopen();
  assert.match(problems.join(), /Cannot reopen .*going on with the old file/);
  writer.write('still here');
  writer.close();
  assert.equal(contentOf(join(file, 'log')), 'still here\n');
});

test('a full disk loses lines, which is said once, and how many once there is room', async () => {
  const problems: string[] = [];
  const writer = new LineWriter({ target: '/dev/full', report: (problem) => problems.push(problem) });
  writer.write('a');
  await waitFor(() => problems.length === 1, { what: 'the first failure' });
  writer.write('b');
  writer.write('c');
  await new Promise(setImmediate);
  writer.close();
  assert.match(problems[0] as string, /^Cannot write \/dev\/full, losing its lines: ENOSPC/);
});

test('beyond its bound lines are dropped and counted', async () => {
  // A pipe that nobody reads holds 64 kB; the rest waits in the buffer.
  const pipe = join(folder, `pipe-${++files}`);
  execFileSync('mkfifo', [pipe]);
  const reader = spawn('sleep', ['60'], { stdio: [openSync(pipe, 'r+'), 'ignore', 'ignore'] });
  const problems: string[] = [];
  const writer = new LineWriter({ target: pipe, report: (problem) => problems.push(problem) });
  const line = 'x'.repeat(1023);
  const total = 20 * 1024;
  for (let count = 0; count < total; count++) writer.write(line);
  // Reading it all makes room.
  const received = spawn('wc', ['-l'], { stdio: [openSync(pipe, 'r'), 'pipe', 'inherit'] });
  await waitFor(() => problems.length > 0, { what: 'the report' });
  writer.close();
  reader.kill();
  received.kill();
  await once(received, 'exit');
  const lost = Number(/^(\d+) lines of .* were lost; it is written again$/.exec(problems[0] as string)?.[1]);
  assert.equal(lost, total - 16 * 1024);
});

test('a file that cannot be opened is the system’s error', () => {
  assert.throws(() => new LineWriter({ target: join(folder, 'no', 'such'), report: unexpected }), /ENOENT/);
});
