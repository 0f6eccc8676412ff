import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { KirinError } from '../../../src/base/errors.ts';
import { ErrorLog } from '../../../src/observe/error-log.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';

const folder = makeTemporaryFolder();
after(() => removeFolder(folder));

let files = 0;
const newFile = (): string => join(folder, `log-${++files}`);

test('a line has Gunicorn’s form: local time with its offset, process id, level, message', () => {
  const target = newFile();
  const log = new ErrorLog({ target, level: 'debug' });
  log.debug('a');
  log.info('b');
  log.warning('c');
  log.error('d');
  log.critical('e\nf');
  log.close();
  const head = String.raw`\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[${process.pid}\]`;
  const levels = ['DEBUG\\] a', 'INFO\\] b', 'WARNING\\] c', 'ERROR\\] d', 'CRITICAL\\] e\nf'];
  const pattern = levels.map((level) => `${head} \\[${level}\n`).join('');
  assert.match(readFileSync(target, 'utf8'), new RegExp(`^${pattern}$`));
});

test('messages below the level are left out', () => {
  const target = newFile();
  const log = new ErrorLog({ target, level: 'warning' });
  log.info('quiet');
  log.warning('loud');
  log.close();
  assert.match(readFileSync(target, 'utf8'), /^[^\n]*loud\n$/);
});

test('a file is appended to, without colours, and followed after a rotation', () => {
  const target = newFile();
  const log = new ErrorLog({ target, level: 'info' });
  assert.equal(log.hasColour, false);
  log.error('first');
  renameSync(target, `${target}.1`);
  log.reopen();
  log.error('second');
  log.close();
  assert.match(readFileSync(`${target}.1`, 'utf8'), /^\[[^\n]*first\n$/);
  assert.match(readFileSync(target, 'utf8'), /^\[[^\n]*second\n$/);
});

test('what cannot be reopened goes on in the old file, and says so there', () => {
  const target = newFile();
  const log = new ErrorLog({ target, level: 'info' });
  renameSync(target, `${target}.1`);
  renameSync(folder, `${folder}.away`);
  log.reopen();
  renameSync(`${folder}.away`, folder);
  log.close();
  assert.match(readFileSync(`${target}.1`, 'utf8'), /Cannot reopen the error log .*ENOENT/);
});

test('control characters do not reach a terminal', () => {
  const target = newFile();
  const log = new ErrorLog({ target, level: 'info' });
  log.info('a\x1b[2Jb\rc\td');
  log.close();
  assert.match(readFileSync(target, 'utf8'), /a\\x1b\[2Jb\\x0dc\td\n$/);
});

test('logging never throws, even on a full disk or after the end', () => {
  const log = new ErrorLog({ target: '/dev/full', level: 'critical' });
  log.critical('lost');
  log.close();
});

test('a file that cannot be opened is a failure for the user', () => {
  assert.throws(
    () => new ErrorLog({ target: join(folder, 'no', 'such'), level: 'info' }),
    (error: unknown) =>
      error instanceof KirinError && /the error log cannot be opened: ENOENT/.test(error.message),
  );
});
