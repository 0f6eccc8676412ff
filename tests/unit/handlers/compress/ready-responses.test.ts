import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENCODINGS } from '../../../../src/handlers/compress/encodings.ts';
import { CompressFilter } from '../../../../src/handlers/compress/filter.ts';
import { ReadyResponses } from '../../../../src/handlers/compress/ready-responses.ts';
import { CompressionRules } from '../../../../src/handlers/compress/rules.ts';
import { FakeExchange, get } from '../fake-exchange.ts';

const { gzip, br } = ENCODINGS;
assert.ok(gzip && br);
const GZIP = { coding: 'gzip', encoding: gzip, level: 5 } as const;
const BR = { coding: 'br', encoding: br, level: 4 } as const;
const response = (body: string) => ({ from: 'a', head: 'b', flags: 0, body });

describe('compressed responses that are kept', () => {
  it('belong to their source, their head and their coding', () => {
    const ready = new ReadyResponses();
    const source = {};
    const one = response('one');
    ready.keep(source, GZIP, one);
    assert.equal(ready.get(source, GZIP, 'a'), one);
    assert.equal(ready.get(source, GZIP, 'c'), null);
    assert.equal(ready.get(source, BR, 'a'), null);
    assert.equal(ready.get({}, GZIP, 'a'), null);
  });

  it('are bounded, and the oldest go first', () => {
    const ready = new ReadyResponses(10_000);
    const sources = [{}, {}, {}] as const;
    for (const source of sources) ready.keep(source, GZIP, response('x'.repeat(3000)));
    assert.deepEqual(
      sources.map((source) => ready.get(source, GZIP, 'a') !== null),
      [false, true, true],
    );
    ready.keep(sources[1], GZIP, response('y'));
    assert.equal(ready.get(sources[1], GZIP, 'a')?.body, 'y');
    assert.notEqual(ready.get(sources[2], GZIP, 'a'), null);
    ready.keep(sources[0], GZIP, response('x'.repeat(20_000)));
    assert.deepEqual(
      sources.map((source) => ready.get(source, GZIP, 'a')),
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
    for (const accept of ['gzip', 'gzip', 'identity']) {
      const exchange = new Recorder(get('/', `Accept-Encoding: ${accept}`));
      const head = '200 OK\r\nContent-Type: text/plain\r\nContent-Length: 400\r\n';
      new CompressFilter(exchange, rules).respond(head, 2, 'text'.repeat(100), source);
    }
    assert.equal(bodies[0], bodies[1]);
    assert.match(bodies[0] ?? '', /Content-Encoding: gzip\r\n\|/);
    assert.ok((bodies[0] ?? '').length < 200);
    assert.match(bodies[2] ?? '', /Content-Length: 400\r\nVary: Accept-Encoding\r\n\|(text){100}$/);
  });
});
