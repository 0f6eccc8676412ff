import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENCODINGS } from '../../../../src/handlers/compress/encodings.ts';
import { CompressFilter } from '../../../../src/handlers/compress/filter.ts';
import { ReadyBodies } from '../../../../src/handlers/compress/ready-bodies.ts';
import { CompressionRules } from '../../../../src/handlers/compress/rules.ts';
import { FakeExchange, get } from '../fake-exchange.ts';

const { gzip, br } = ENCODINGS;
assert.ok(gzip && br);
const GZIP = { coding: 'gzip', encoding: gzip, level: 5 } as const;
const BR = { coding: 'br', encoding: br, level: 4 } as const;

describe('compressed bodies that are kept', () => {
  it('belong to their source and their coding', () => {
    const ready = new ReadyBodies();
    const source = {};
    ready.keep(source, GZIP, 'one');
    assert.equal(ready.get(source, GZIP), 'one');
    assert.equal(ready.get(source, BR), null);
    assert.equal(ready.get({}, GZIP), null);
  });

  it('are bounded, and the oldest go first', () => {
    const ready = new ReadyBodies(10_000);
    const sources = [{}, {}, {}] as const;
    for (const source of sources) ready.keep(source, GZIP, 'x'.repeat(4000));
    assert.deepEqual(
      sources.map((source) => ready.get(source, GZIP) !== null),
      [false, true, true],
    );
    ready.keep(sources[1], GZIP, 'y');
    assert.equal(ready.get(sources[1], GZIP), 'y');
    assert.notEqual(ready.get(sources[2], GZIP), null);
    ready.keep(sources[0], GZIP, 'x'.repeat(20_000));
    assert.deepEqual(
      sources.map((source) => ready.get(source, GZIP)),
      [null, null, null],
    );
  });

  it('are sent again, byte for byte', () => {
    const rules = new CompressionRules({
      encodings: ['gzip'],
      types: ['text/*'],
      minBytes: 10,
      levels: { zstd: 3, br: 4, gzip: 5 },
    });
    const source = {};
    const bodies: string[] = [];
    class Recorder extends FakeExchange {
      override respond(head: string, _flags: number, body: string | Buffer): void {
        bodies.push(`${head}|${body}`);
      }
    }
    for (const [age, accept] of ['gzip', 'gzip', 'identity'].entries()) {
      const exchange = new Recorder(get('/', `Accept-Encoding: ${accept}`));
      const head = `200 OK\r\nContent-Type: text/plain\r\nContent-Length: 400\r\nAge: ${age}\r\n`;
      new CompressFilter(exchange, rules).respond(head, 2, 'text'.repeat(100), source);
    }
    assert.equal(bodies[0]?.replace('Age: 0', 'Age: 1'), bodies[1]);
    assert.match(bodies[0] ?? '', /Content-Encoding: gzip\r\n\|/);
    assert.ok((bodies[0] ?? '').length < 200);
    assert.match(bodies[2] ?? '', /Content-Length: 400\r\nAge: 2\r\nVary: Accept-Encoding\r\n\|(text){100}$/);
  });
});
