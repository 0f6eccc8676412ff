import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindAddresses, parseBindAddress } from '../../../src/config/bind-address.ts';
import { ValueProblem } from '../../../src/config/setting.ts';
import { context } from './fake-machine.ts';

const parse = (text: string) => bindAddresses.parse(text, context());

function refuses(text: string, message: RegExp): void {
  assert.throws(
    () => parse(text),
    (error: unknown) => error instanceof ValueProblem && message.test(error.message),
    text,
  );
}

test('host and port default as in Gunicorn: every IPv4 address, port 8000', () => {
  const cases: [string, string, number][] = [
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['LocalHost:1', 'localhost', 1],
    [':8080', '0.0.0.0', 8080],
    ['0.0.0.0', '0.0.0.0', 8000],
    ['localhost', 'localhost', 8000],
    ['', '0.0.0.0', 8000],
    ['tcp://10.0.0.1:90', '10.0.0.1', 90],
    ['[::1]:8080', '::1', 8080],
    ['[::]', '::', 8000],
    ['127.0.0.1:0', '127.0.0.1', 0],
  ];
  for (const [text, host, port] of cases) {
    assert.deepEqual(parse(text), [{ kind: 'tcp', host, port, text }], text);
  }
});

test('a scheme in front says what is spoken there, and which port is the usual one', () => {
  const scheme = 'https';
  const cases: [string, object][] = [
    ['http://0.0.0.0:80', { kind: 'tcp', host: '0.0.0.0', port: 80, scheme: 'http' }],
    ['https://0.0.0.0', { kind: 'tcp', host: '0.0.0.0', port: 443, scheme }],
    ['http://:8080/', { kind: 'tcp', host: '0.0.0.0', port: 8080, scheme: 'http' }],
    ['HTTPS://[::1]', { kind: 'tcp', host: '::1', port: 443, scheme }],
    ['https://unix:/run/a.sock', { kind: 'unix', path: '/run/a.sock', scheme }],
    ['https://fd://3', { kind: 'fd', fd: 3, scheme }],
  ];
  for (const [text, address] of cases) assert.deepEqual(parse(text), [{ ...address, text }], text);
  refuses('https://shop.example/path', /'shop.example\/path' is no host name/);
});

test('unix sockets are given with or without slashes, relative or absolute', () => {
  assert.deepEqual(parseBindAddress('unix:run/app.sock'), {
    kind: 'unix',
    path: 'run/app.sock',
    text: 'unix:run/app.sock',
  });
  assert.deepEqual(parseBindAddress('unix:/run/a b.sock'), {
    kind: 'unix',
    path: '/run/a b.sock',
    text: 'unix:/run/a b.sock',
  });
  assert.deepEqual(parseBindAddress('unix:///run/app.sock'), {
    kind: 'unix',
    path: '/run/app.sock',
    text: 'unix:///run/app.sock',
  });
});

test('an inherited descriptor is given by its number', () => {
  assert.deepEqual(parseBindAddress('fd://3'), { kind: 'fd', fd: 3, text: 'fd://3' });
  refuses('fd://three', /not a file descriptor/);
});

test('commas separate addresses, and may be part of a unix path', () => {
  const texts = (text: string) => parse(text).map((address) => address.text);
  assert.deepEqual(texts('127.0.0.1:1, [::1]:2'), ['127.0.0.1:1', '[::1]:2']);
  assert.deepEqual(texts('https://unix:/a,b,http://[::1]:2'), ['https://unix:/a,b', 'http://[::1]:2']);
  assert.deepEqual(texts('unix:/run/a,b'), ['unix:/run/a,b']);
  assert.deepEqual(texts('unix:/run/a,unix:/run/b'), ['unix:/run/a', 'unix:/run/b']);
  assert.deepEqual(texts('unix:/run/a,127.0.0.1:80,fd://3'), ['unix:/run/a', '127.0.0.1:80', 'fd://3']);
});

test('what cannot be an address is refused with what would be right', () => {
  refuses('8080', /for a port alone write :8080/);
  refuses('::1', /needs brackets: \[::1\]/);
  refuses('[localhost]:80', /'localhost' is no IPv6 address/);
  refuses('127.0.0.1:http', /'http' is no port/);
  refuses('127.0.0.1:', /'' is no port/);
  refuses('127.0.0.1:65536', /'65536' is no port/);
  refuses('127.0.0.1:-1', /'-1' is no port/);
  refuses('a:1:2', /not an address/);
  refuses('ftp://localhost:80', /not an address/);
  refuses('my host:80', /'my host' is no host name/);
  refuses('unix:', /no path after unix:/);
  refuses(`unix:/${'x'.repeat(108)}`, /has 109 bytes; the system allows 10[37]/);
});
