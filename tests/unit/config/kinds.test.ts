import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytes,
  choice,
  flag,
  integer,
  optionalFile,
  seconds,
  wholeMilliseconds,
} from '../../../src/config/kinds.ts';
import {
  environmentPairs,
  folder,
  group,
  interpreter,
  pythonPath,
  umask,
  user,
  workerRange,
} from '../../../src/config/process-kinds.ts';
import { addressList, healthPath, mountPath } from '../../../src/config/request-kinds.ts';
import { type Kind, ValueProblem } from '../../../src/config/setting.ts';
import { context } from './fake-machine.ts';

type Fake = Parameters<typeof context>[0];

const parse = <T>(kind: Kind<T>, text: string, fake?: Fake): T => kind.parse(text, context(fake));

function refuses(kind: Kind<unknown>, text: string, message: RegExp, fake?: Fake): void {
  assert.throws(
    () => parse(kind, text, fake),
    (error: unknown) => error instanceof ValueProblem && message.test(error.message),
    text,
  );
}

test('whole numbers are read as Python’s int reads them, within their bounds', () => {
  const kind = integer({ min: 1, max: 1000, example: 4 });
  assert.equal(parse(kind, ' 4 '), 4);
  assert.equal(parse(kind, '+004'), 4);
  assert.equal(parse(kind, '1_000'), 1000);
  for (const text of ['', 'x', '1.0', '0x4', '1e2', '_1', '1__0', '٤'])
    refuses(kind, text, /not a whole number; give one such as 4/);
  refuses(kind, '0', /must be 1 or more/);
  refuses(kind, '-3', /must be 1 or more/);
  refuses(kind, '1001', /must be 1000 or less/);
  refuses(integer({ example: 1 }), '99999999999999999999', /or less/);
});

test('durations are seconds, with a fraction if need be, that a timer can hold', () => {
  assert.equal(parse(seconds, '30'), 30);
  assert.equal(parse(seconds, '0.25'), 0.25);
  assert.equal(parse(seconds, '.5'), 0.5);
  for (const text of ['', 'x', '30s', '1e3', 'Infinity', 'NaN', '0x1'])
    refuses(seconds, text, /not a number of seconds/);
  refuses(seconds, '-1', /0 or more/);
  refuses(seconds, '2147484', /24 days/);
});

test('durations that a timer has to tell from none are 0, or a millisecond and more', () => {
  assert.equal(parse(wholeMilliseconds, '0'), 0);
  assert.equal(parse(wholeMilliseconds, '0.001'), 0.001);
  refuses(wholeMilliseconds, '0.0009', /must be 0, or 0\.001 seconds or more/);
  refuses(wholeMilliseconds, 'soon', /not a number of seconds/);
  refuses(wholeMilliseconds, '-0.001', /0 or more/);
});

test('sizes are bytes, or have one of the suffixes K, M and G', () => {
  const kind = bytes({ example: '300M' });
  assert.equal(parse(kind, '0'), 0);
  assert.equal(parse(kind, ' 65536 '), 65_536);
  assert.equal(parse(kind, '10_485_760'), 10_485_760);
  assert.equal(parse(kind, '64k'), 65_536);
  assert.equal(parse(kind, '300M'), 314_572_800);
  assert.equal(parse(kind, '2G'), 2_147_483_648);
  for (const text of ['', 'M', '300MB', '1.5G', '-1', '3 00', '1e6', '0x10', '5T'])
    refuses(kind, text, /not a size; give bytes, or a number with K, M or G such as 300M/);
  refuses(kind, '99999999G', /less than 8388608G/);
});

test('a size that must have been meant in other units is refused', () => {
  const kind = bytes({ min: '1M', example: '300M' });
  assert.equal(parse(kind, '0'), 0);
  assert.equal(parse(kind, '1M'), 1_048_576);
  refuses(kind, '300', /300 bytes; must be 0, or 1M or more, such as 300M/);
});

test('switches are true or false', () => {
  assert.equal(parse(flag, 'True'), true);
  assert.equal(parse(flag, 'false'), false);
  refuses(flag, '1', /not true or false/);
});

test('words of a choice are known in any case, and a slip gets a suggestion', () => {
  const kind = choice(['debug', 'info'], 'LEVEL');
  assert.equal(parse(kind, 'DEBUG'), 'debug');
  refuses(kind, 'infos', /not one of debug, info; did you mean info\?/);
});

test('a word of a choice may have another spelling', () => {
  const kind = choice(['info', 'warning'], 'LEVEL', { warn: 'warning' });
  assert.equal(parse(kind, 'WARN'), 'warning');
});

test('an empty optional file is none', () => {
  assert.equal(parse(optionalFile, ''), null);
  assert.equal(parse(optionalFile, '-'), '-');
});

test('workers are a number, a range, or auto in place of a number', () => {
  assert.deepEqual(parse(workerRange, ' 4 '), { min: 4, max: 4 });
  assert.deepEqual(parse(workerRange, 'Auto', { cores: 2 }), { min: 5, max: 5 });
  assert.deepEqual(parse(workerRange, '2..8'), { min: 2, max: 8 });
  assert.deepEqual(parse(workerRange, '3 .. 3'), { min: 3, max: 3 });
  assert.deepEqual(parse(workerRange, '1..auto', { cores: 2 }), { min: 1, max: 5 });
  assert.deepEqual(parse(workerRange, 'auto..20', { cores: 2 }), { min: 5, max: 20 });
  assert.equal(workerRange.show({ min: 2, max: 8 }), '2..8');
  assert.equal(workerRange.show({ min: 4, max: 4 }), 4);
});

test('a range of workers that cannot be is explained', () => {
  refuses(workerRange, '8..2', /^the smaller number comes first: 2\.\.8$/);
  refuses(workerRange, '0..3', /^0 in it must be 1 or more$/);
  refuses(workerRange, '2..x', /^'x' is no whole number; give a range such as 2\.\.8 or 1\.\.auto$/);
  refuses(workerRange, '2..', /^one end is missing; give a range such as 2\.\.8 or 1\.\.auto$/);
  refuses(workerRange, '2...8', /^'\.8' is no whole number/);
  refuses(workerRange, '1..2..3', /^not a range; give one such as 2\.\.8$/);
  refuses(workerRange, '2-8', /^not a number; a range is written as 2\.\.8$/);
  refuses(workerRange, '0', /must be 1 or more/);
  refuses(workerRange, 'many', /not a whole number; give one such as 4/);
  refuses(workerRange, 'auto..4', /^auto is 5 here, which makes it 5\.\.4: the first must not be more/, {
    cores: 2,
  });
  refuses(workerRange, '9..auto', /^auto is 5 here, which makes it 9\.\.5: the first must not be more/, {
    cores: 2,
  });
});

test('users and groups are known by name or number', () => {
  const files = { '/etc/passwd': 'root:x:0:0::/:\nwww-data:x:33:34::/:\n', '/etc/group': 'web:x:77:\n' };
  assert.equal(parse(user, 'www-data', { files }), 33);
  assert.equal(parse(user, '12345', { files }), 12345);
  assert.equal(parse(group, 'web', { files }), 77);
  refuses(user, 'nobody', /no such user in \/etc\/passwd/, { files });
  refuses(user, '', /no such user/, { files });
  refuses(group, 'www-data', /no such group in \/etc\/group/, { files });
});

test('a umask is octal with a leading zero, and decimal without, as in Gunicorn', () => {
  assert.equal(parse(umask, '022'), 0o22);
  assert.equal(parse(umask, '0o27'), 0o27);
  assert.equal(parse(umask, '0x12'), 18);
  assert.equal(parse(umask, '22'), 22);
  assert.equal(parse(umask, '0'), 0);
  for (const text of ['', 'rwx', '09', '1e1', '-1', '0o8']) refuses(umask, text, /not a mode mask/);
  refuses(umask, '01000', /from 0 to 0777/);
  assert.equal(umask.show(0o22), '0o22');
});

test('folders are made absolute', () => {
  assert.equal(parse(folder, 'a/../b', { folders: ['/srv/app/b'] }), '/srv/app/b');
  refuses(folder, '/nope', /no such folder/);
});

test('variables for the application need a name and a value', () => {
  assert.deepEqual(parse(environmentPairs, 'A=1,B=2'), ['A=1,B=2']);
  assert.deepEqual(parse(environmentPairs, 'A='), ['A=']);
  refuses(environmentPairs, 'A', /give KEY=VALUE/);
  refuses(environmentPairs, '=1', /give KEY=VALUE/);
  refuses(environmentPairs, 'A=\0', /NUL/);
});

test('the interpreter is a path, made absolute, or a name for PATH', () => {
  assert.equal(parse(interpreter, 'venv/bin/python'), '/srv/app/venv/bin/python');
  assert.equal(parse(interpreter, 'python3.12'), 'python3.12');
  refuses(interpreter, ' ', /empty/);
});

test('folders of the Python path are separated by commas', () => {
  assert.deepEqual(parse(pythonPath, 'a, /b,'), ['a', '/b']);
});

test('trusted proxies are addresses, networks, or everybody', () => {
  const text = '127.0.0.1, ::1,10.0.0.0/8,2001:db8::/32,*,::ffff:10.0.0.0/104';
  assert.deepEqual(
    parse(addressList, text),
    text.split(',').map((entry) => entry.trim()),
  );
  assert.deepEqual(parse(addressList, ''), []);
  for (const entry of ['localhost', '10.0.0', '10.0.0.1/8/9', '/8', '01.2.3.4'])
    refuses(addressList, entry, /is no address/);
  for (const entry of ['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/x', '10.0.0.0/255.0.0.0']) {
    refuses(addressList, entry, /the number after the slash/);
  }
});

test('an address within a network is refused: it is not clear whom it trusts', () => {
  refuses(addressList, '192.168.1.7/24', /an address within a network/);
  refuses(addressList, '2001:db8::1/32', /an address within a network/);
  assert.deepEqual(parse(addressList, '0.0.0.0/0'), ['0.0.0.0/0']);
  assert.deepEqual(parse(addressList, '192.168.1.7/32'), ['192.168.1.7/32']);
});

test('paths of pages begin with a slash', () => {
  assert.equal(parse(mountPath, '/app'), '/app');
  assert.equal(parse(mountPath, '/'), '');
  refuses(mountPath, 'app', /must begin with a slash: \/app/);
  assert.equal(parse(healthPath, '/-/health/'), '/-/health');
  for (const text of ['', 'health', '/a b', '/a?b']) refuses(healthPath, text, /not a path/);
});
