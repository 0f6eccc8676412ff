import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { DeadlineList, Timed } from '../../../src/base/deadlines.ts';

class Item extends Timed {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }
}

function setUp(t: TestContext, durationMs: number, expire?: (item: Item) => void) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const expired: string[] = [];
  const list = new DeadlineList<Item>(durationMs, (item) => {
    expired.push(item.name);
    expire?.(item);
  });
  const items = ['a', 'b', 'c'].map((name) => new Item(name)) as [Item, Item, Item];
  return {
    list,
    expired,
    items,
    now: () => now,
    pass: (ms: number) => {
      for (let passed = 0; passed < ms; passed += 1) {
        now += 1;
        t.mock.timers.tick(1);
      }
    },
  };
}

describe('a list of deadlines', () => {
  it('tells each item when its own time is up', (t) => {
    const { list, items, expired, now, pass } = setUp(t, 100);
    list.add(items[0], now());
    pass(50);
    list.add(items[1], now());
    pass(49);
    assert.deepEqual(expired, []);
    pass(3);
    assert.deepEqual(expired, ['a']);
    pass(50);
    assert.deepEqual(expired, ['a', 'b']);
    pass(500);
    assert.deepEqual(expired, ['a', 'b']);
  });

  it('forgets what is removed, wherever it stands', (t) => {
    for (const removed of [0, 1, 2]) {
      const { list, items, expired, now, pass } = setUp(t, 100);
      for (const item of items) list.add(item, now());
      list.remove(items[removed] as Item);
      list.remove(items[removed] as Item);
      pass(102);
      assert.deepEqual(
        expired,
        ['a', 'b', 'c'].filter((_, index) => index !== removed),
      );
      t.mock.timers.reset();
      t.mock.restoreAll();
    }
  });

  it('prolongs what is added again', (t) => {
    const { list, items, expired, now, pass } = setUp(t, 100);
    list.add(items[0], now());
    list.add(items[1], now());
    pass(60);
    list.add(items[0], now());
    pass(60);
    assert.deepEqual(expired, ['b']);
    pass(60);
    assert.deepEqual(expired, ['b', 'a']);
  });

  it('has an item on one list at a time', (t) => {
    const { list, items, expired, now, pass } = setUp(t, 100);
    const other: string[] = [];
    const second = new DeadlineList<Item>(200, (item) => other.push(item.name));
    list.add(items[0], now());
    second.add(items[0], now());
    list.remove(items[0]);
    pass(250);
    assert.deepEqual([expired, other], [[], ['a']]);
    assert.equal(items[0].deadlineList, null);
  });

  it('of 0 never expires, and takes the item from where it was', (t) => {
    const { list, items, expired, now, pass } = setUp(t, 0);
    const other: string[] = [];
    const first = new DeadlineList<Item>(10, (item) => other.push(item.name));
    first.add(items[0], now());
    list.add(items[0], now());
    pass(1000);
    assert.deepEqual([expired, other], [[], []]);
  });

  it('may be changed by those whose time is up', (t) => {
    const { list, items, expired, now, pass } = setUp(t, 100, (item) => {
      if (item.name === 'a') list.remove(items[1]);
      if (item.name === 'c' && expired.length < 4) list.add(item, now());
    });
    for (const item of items) list.add(item, now());
    pass(350);
    assert.deepEqual(expired, ['a', 'c', 'c', 'c']);
  });

  it('takes a new duration for what is added from then on', (t) => {
    const { list, items, expired, now, pass } = setUp(t, 100);
    list.add(items[0], now());
    list.durationMs = 300;
    list.add(items[1], now());
    pass(150);
    assert.deepEqual(expired, ['a']);
    pass(200);
    assert.deepEqual(expired, ['a', 'b']);
  });
});
