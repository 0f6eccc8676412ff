import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpError } from '../../../../src/protocol/http1/errors.ts';
import type { ProxyHeader } from '../../../../src/protocol/proxy-protocol/proxy-header.ts';
import { type ProxyMode, ProxyReader } from '../../../../src/protocol/proxy-protocol/proxy-reader.ts';
import { mutated, randomOf, randomPieces } from '../http1/fuzz-cases.ts';
import { singleBytes } from '../http1/replay.ts';
import { SIGNATURE, tlv, version2 } from './version-2-bytes.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

interface Outcome {
  readonly header?: ProxyHeader | null;
  /** The error's status and message. */
  readonly error?: string;
  /** What is left for HTTP. */
  readonly rest?: string;
  /** More bytes are needed. */
  readonly waits?: true;
}

function read(pieces: readonly Buffer[], mode: ProxyMode = 'auto', isAllowed = true): Outcome {
  const reader = new ProxyReader(mode, isAllowed);
  for (const [index, piece] of pieces.entries()) {
    const reading = reader.read(piece);
    if (reading === null) continue;
    if (reading instanceof HttpError) return { error: `${reading.status} ${reading.message}` };
    const rest = Buffer.concat([reading.rest, ...pieces.slice(index + 1)]);
    return { header: reading.header, rest: rest.toString('latin1') };
  }
  return { waits: true };
}

const bytesOf = (input: string | Buffer): Buffer =>
  typeof input === 'string' ? Buffer.from(input, 'latin1') : input;

/** What is made of some bytes, whole, byte by byte and at every split. */
function outcome(input: string | Buffer, mode?: ProxyMode, isAllowed?: boolean): Outcome {
  const bytes = bytesOf(input);
  const whole = read([bytes], mode, isAllowed);
  assert.deepEqual(read(singleBytes(bytes), mode, isAllowed), whole, 'byte by byte');
  for (let at = 1; at < bytes.length; at += 1) {
    assert.deepEqual(
      read([bytes.subarray(0, at), bytes.subarray(at)], mode, isAllowed),
      whole,
      `cut at ${at}`,
    );
  }
  return whole;
}

function accepts(input: string | Buffer, header: ProxyHeader): void {
  for (const rest of ['', REQUEST]) {
    assert.deepEqual(outcome(Buffer.concat([bytesOf(input), bytesOf(rest)])), { header, rest });
  }
}

function refuses(input: string | Buffer, error = /^400 The PROXY protocol's header is not valid: /): void {
  for (const rest of ['', REQUEST]) {
    const { error: found } = outcome(Buffer.concat([bytesOf(input), bytesOf(rest)]));
    assert.match(found ?? 'it was not refused', error, JSON.stringify(bytesOf(input).toString('latin1')));
    assert.match(found ?? '', /^[ -~]+$/);
  }
}

const end = (address: string, port: string) => ({ address, port });

describe('the PROXY protocol, version 1,', () => {
  it('gives the addresses of TCP over IPv4 and IPv6', () => {
    accepts('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n', {
      protocol: 'TCP4',
      source: end('192.0.2.1', '56324'),
      destination: end('198.51.100.2', '443'),
    });
    accepts('PROXY TCP6 2001:DB8:0::1 ::1 0 65535\r\n', {
      protocol: 'TCP6',
      source: end('2001:db8::1', '0'),
      destination: end('::1', '65535'),
    });
    accepts('PROXY TCP6 ::ffff:192.0.2.1 ::FFFF:c633:6402 1 2\r\n', {
      protocol: 'TCP6',
      source: end('192.0.2.1', '1'),
      destination: end('198.51.100.2', '2'),
    });
  });

  it('may be as long as two full IPv6 addresses need', () => {
    const address = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
    accepts(`PROXY TCP6 ${address} ${address} 65535 65535\r\n`, {
      protocol: 'TCP6',
      source: end(address, '65535'),
      destination: end(address, '65535'),
    });
    const longest = `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`;
    assert.equal(longest.length, 107);
    accepts(longest, { protocol: 'UNKNOWN', source: null, destination: null });
  });

  it('leaves the peer what it is for UNKNOWN', () => {
    const header: ProxyHeader = { protocol: 'UNKNOWN', source: null, destination: null };
    accepts('PROXY UNKNOWN\r\n', header);
    accepts('PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n', header);
  });

  it('is refused where it is not exactly that', () => {
    for (const line of [
      '',
      'TCP4',
      'TCP4 192.0.2.1 198.51.100.2 1',
      'TCP4 192.0.2.1 198.51.100.2 1 2 3',
      'TCP4 192.0.2.1 198.51.100.2 1 2 ',
      'TCP4  192.0.2.1 198.51.100.2 1 2',
      'TCP4\t192.0.2.1 198.51.100.2 1 2',
      'tcp4 192.0.2.1 198.51.100.2 1 2',
      'UDP4 192.0.2.1 198.51.100.2 1 2',
      'UNIX /a /b 0 0',
      'UNKNOWNS',
      'UNKNOWN a\0b',
      'UNKNOWN\ra',
      'TCP4 ::1 ::1 1 2',
      'TCP6 192.0.2.1 198.51.100.2 1 2',
      'TCP4 192.0.2.256 198.51.100.2 1 2',
      'TCP4 192.0.2.01 198.51.100.2 1 2',
      'TCP4 192.0.2 198.51.100.2 1 2',
      'TCP4 0x7f.0.0.1 198.51.100.2 1 2',
      'TCP4 192.0.2.1. 198.51.100.2 1 2',
      'TCP4 localhost 198.51.100.2 1 2',
      'TCP4 192.0.2.1 evil 1 2',
      'TCP6 fe80::1%eth0 ::1 1 2',
      'TCP6 [::1] ::1 1 2',
      'TCP6 1::2::3 ::1 1 2',
      'TCP6 12345::1 ::1 1 2',
      'TCP6 ::1.2.3 ::1 1 2',
      'TCP6 1:2:3:4:5:6:7 ::1 1 2',
      'TCP4 192.0.2.1 198.51.100.2 65536 2',
      'TCP4 192.0.2.1 198.51.100.2 1 99999',
      'TCP4 192.0.2.1 198.51.100.2 -1 2',
      'TCP4 192.0.2.1 198.51.100.2 +1 2',
      'TCP4 192.0.2.1 198.51.100.2 01 2',
      'TCP4 192.0.2.1 198.51.100.2 0x1 2',
      'TCP4 192.0.2.1 198.51.100.2 1e1 2',
      'TCP4 192.0.2.1 198.51.100.2 1 ',
    ]) {
      refuses(`PROXY ${line}\r\n`);
    }
  });

  it('is refused without a CRLF', () => {
    refuses('PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n', /its line does not end in CRLF/);
    refuses('PROXY \n');
    refuses('PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\r\n');
  });

  it('is refused at its 107th byte, and not waited for any longer', () => {
    refuses(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`, /no line end within 107 bytes/);
    assert.deepEqual(outcome(`PROXY ${'x'.repeat(100)}`), { waits: true });
    refuses(`PROXY ${'x'.repeat(101)}`, /no line end within 107 bytes/);
  });
});

describe('the PROXY protocol, version 2,', () => {
  const IPV4 = Buffer.from('c0000201c6336402dc0401bb', 'hex');
  const IPV6 = Buffer.from(
    '20010db8000000000000000000000001' + '00000000000000000000ffffc6336402' + 'dc0401bb',
    'hex',
  );
  const unaddressed = (protocol: 'LOCAL' | 'UNSPEC'): ProxyHeader => ({
    protocol,
    source: null,
    destination: null,
  });
  const TCP4: ProxyHeader = {
    protocol: 'TCP4',
    source: end('192.0.2.1', '56324'),
    destination: end('198.51.100.2', '443'),
  };

  it('gives the addresses of TCP over IPv4 and IPv6', () => {
    accepts(version2(0x21, 0x11, IPV4), TCP4);
    accepts(version2(0x21, 0x21, IPV6), {
      protocol: 'TCP6',
      source: end('2001:db8::1', '56324'),
      destination: end('198.51.100.2', '443'),
    });
  });

  it('gives no address for a client on a unix socket', () => {
    accepts(version2(0x21, 0x31, Buffer.alloc(216, '/a')), {
      protocol: 'UNIX',
      source: end('', ''),
      destination: null,
    });
  });

  it('leaves the peer what it is for LOCAL and unspecified families, whatever comes with them', () => {
    accepts(version2(0x20, 0x00), unaddressed('LOCAL'));
    accepts(version2(0x20, 0x11, IPV4), unaddressed('LOCAL'));
    accepts(version2(0x20, 0xff, Buffer.from('abc')), unaddressed('LOCAL'));
    accepts(version2(0x21, 0x00), unaddressed('UNSPEC'));
    accepts(version2(0x21, 0x01, Buffer.from('abc')), unaddressed('UNSPEC'));
  });

  it('has its TLVs skipped', () => {
    accepts(version2(0x21, 0x11, IPV4, tlv(0x01, 'h2'), tlv(0x02, 'a.example')), TCP4);
    accepts(version2(0x21, 0x11, IPV4, Buffer.from('\xff\xff\xff')), TCP4);
  });

  it('may be as long as its length can say', () => {
    const bytes = version2(0x21, 0x11, IPV4, Buffer.alloc(65_535 - IPV4.length, 'GET '));
    const expected = { header: TCP4, rest: REQUEST };
    assert.deepEqual(read([bytes, bytesOf(REQUEST)]), expected);
    assert.deepEqual(read(singleBytes(Buffer.concat([bytes, bytesOf(REQUEST)]))), expected);
    assert.deepEqual(read([bytes.subarray(0, -1)]), { waits: true });
  });

  it('is refused where it is not that', () => {
    refuses(version2(0x11, 0x11, IPV4), /version and command 0x11/);
    refuses(version2(0x31, 0x11, IPV4), /version and command 0x31/);
    refuses(version2(0x22, 0x11, IPV4), /version and command 0x22/);
    refuses(version2(0x21, 0x12, IPV4), /family and transport 0x12/);
    refuses(version2(0x21, 0x22, IPV6), /family and transport 0x22/);
    refuses(version2(0x21, 0x10, IPV4), /family and transport 0x10/);
    refuses(version2(0x21, 0x41, IPV4), /family and transport 0x41/);
    refuses(version2(0x21, 0x02), /family and transport 0x02/);
  });

  it('is refused where it is shorter than its addresses', () => {
    refuses(version2(0x21, 0x11, IPV4.subarray(1)), /length 0x0b/);
    refuses(version2(0x21, 0x21, IPV6.subarray(1)), /length 0x23/);
    refuses(version2(0x21, 0x31, Buffer.alloc(215)), /length 0xd7/);
    refuses(version2(0x21, 0x11), /length 0x00/);
  });
});

describe('a connection', () => {
  const isPlain = (input: string | Buffer, mode?: ProxyMode) =>
    assert.deepEqual(outcome(input, mode), { header: null, rest: bytesOf(input).toString('latin1') });

  it('without a header is plain HTTP', () => {
    isPlain(REQUEST);
    isPlain(`\r\n${REQUEST}`);
    isPlain('PROXIED / HTTP/1.1\r\n\r\n');
    isPlain('PUT / HTTP/1.1\r\n\r\n');
    isPlain(Buffer.concat([SIGNATURE.subarray(0, 11), Buffer.from('x')]));
    isPlain('\x16\x03\x01');
  });

  it('is looked at for the version that was set only', () => {
    isPlain('PROXY UNKNOWN\r\n', 'v2');
    isPlain(version2(0x20, 0), 'v1');
    assert.equal(outcome('PROXY UNKNOWN\r\n', 'v1').header?.protocol, 'UNKNOWN');
    assert.equal(outcome(version2(0x20, 0), 'v2').header?.protocol, 'LOCAL');
  });

  it('is told apart at its first byte that is not a header’s', () => {
    const reader = new ProxyReader('auto', true);
    assert.equal(reader.isInside, false);
    assert.equal(reader.read(Buffer.from('P')), null);
    assert.equal(reader.isInside, true);
    const reading = reader.read(Buffer.from('O'));
    assert.deepEqual(reading, { header: null, rest: Buffer.from('PO') });
  });

  it('of a peer that may not speak the protocol is refused as soon as it does', () => {
    for (const header of ['PROXY ', 'PROXY nonsense', SIGNATURE]) {
      assert.match(outcome(header, 'auto', false).error ?? '', /^403 This peer may not/);
    }
    assert.deepEqual(outcome(REQUEST, 'auto', false), { header: null, rest: REQUEST });
  });

  it('is read alike however it is split, whatever it sends', () => {
    const random = randomOf(7);
    const seeds = [
      'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n',
      'PROXY TCP6 2001:db8::1 ::1 1 2\r\n',
      'PROXY UNKNOWN x\r\n',
      version2(0x21, 0x11, Buffer.alloc(12), tlv(3, 'abcd')),
      version2(0x21, 0x21, Buffer.alloc(36)),
      version2(0x21, 0x31, Buffer.alloc(216)),
      version2(0x20, 0x00),
      REQUEST,
    ].map((seed) => Buffer.concat([bytesOf(seed), bytesOf(REQUEST)]));
    for (let count = 0; count < 4000; count += 1) {
      const bytes = mutated(random.pick(seeds), seeds, random);
      const whole = read([bytes]);
      const what = JSON.stringify(bytes.toString('latin1'));
      assert.deepEqual(read(singleBytes(bytes)), whole, what);
      assert.deepEqual(read(randomPieces(bytes, random)), whole, what);
      for (const endpoint of [whole.header?.source, whole.header?.destination]) {
        assert.match(endpoint?.address ?? '', /^[0-9a-f:.]*$/, what);
        assert.match(endpoint?.port ?? '', /^\d{0,5}$/, what);
      }
    }
  });
});
