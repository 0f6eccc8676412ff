import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CollectingExchanges } from '../../../src/handlers/collecting-exchanges.ts';
import { FakeExchange, get } from './fake-exchange.ts';

const exchange = () => new FakeExchange(get('/'));

describe('exchanges whose bodies are on their way', () => {
  it('count until their bodies are there, or their clients have left', () => {
    const collecting = new CollectingExchanges();
    const [one, two, three] = [exchange(), exchange(), exchange()];
    for (const each of [one, two, three]) collecting.add(each);
    assert.equal(collecting.count(), 3);
    collecting.delete(one);
    two.isOver = true;
    assert.equal(collecting.count(), 1);
  });

  it('are let go when their clients have left, although nobody asks', () => {
    const collecting = new CollectingExchanges();
    for (let number = 0; number < 10_000; number += 1) {
      const left = exchange();
      collecting.add(left);
      left.isOver = true;
    }
    assert.ok(collecting.size < 200, `${collecting.size}`);
  });
});
