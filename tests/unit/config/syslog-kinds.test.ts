import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ValueProblem } from '../../../src/config/setting.ts';
import { parseSyslogAddress, usualSyslogAddress } from '../../../src/config/syslog-kinds.ts';

test('addresses of syslog are read as Gunicorn reads them', () => {
  const cases: [string, object][] = [
    ['udp://localhost:514', { kind: 'udp', host: 'localhost', port: 514 }],
    ['udp://Log.Example', { kind: 'udp', host: 'log.example', port: 514 }],
    ['udp://', { kind: 'udp', host: 'localhost', port: 514 }],
    ['tcp://10.0.0.1:601', { kind: 'tcp', host: '10.0.0.1', port: 601 }],
    ['tcp://[::1]:601', { kind: 'tcp', host: '::1', port: 601 }],
    ['udp://[FE80::1]', { kind: 'udp', host: 'fe80::1', port: 514 }],
    ['unix:///dev/log', { kind: 'unix', path: '/dev/log', socket: 'any' }],
    ['unix:///dev/log#dgram', { kind: 'unix', path: '/dev/log', socket: 'dgram' }],
    ['unix:///dev/log#stream', { kind: 'unix', path: '/dev/log', socket: 'stream' }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseSyslogAddress(text), { ...expected, text });
});

test('what is no address of syslog is refused with what would be one', () => {
  const cases: [string, RegExp][] = [
    ['localhost:514', /give one such as udp:\/\/HOST:PORT/],
    ['', /give one such as/],
    ['udp://localhost:syslog', /'syslog' is no port/],
    ['udp://localhost:70000', /no port; give a number from 1 to 65535/],
    ['tcp://::1:514', /needs brackets/],
    ['unix://', /no path/],
    ['unix:///dev/log#tcp', /#dgram or #stream/],
  ];
  for (const [text, complaint] of cases) {
    assert.throws(
      () => parseSyslogAddress(text),
      (error) => error instanceof ValueProblem && complaint.test(error.message),
      text,
    );
  }
});

test('each platform has the default that Gunicorn has there', () => {
  assert.equal(usualSyslogAddress('linux'), 'udp://localhost:514');
  assert.equal(usualSyslogAddress('darwin'), 'unix:///var/run/syslog');
});
