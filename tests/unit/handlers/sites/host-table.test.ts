import assert from 'node:assert/strict';
import { it } from 'node:test';
import { HostTable } from '../../../../src/handlers/sites/host-table.ts';

it('a site is found by its exact name, else by the longest wildcard, else it is the one without names', () => {
  const table = new HostTable([
    [['shop.example', '[::1]'], 'shop'],
    [['*.shop.example'], 'any'],
    [['*.a.shop.example'], 'a'],
    [[], 'others'],
  ]);
  const found = (authority: string | null) => table.find(authority);
  assert.equal(found('shop.example'), 'shop');
  assert.equal(found('SHOP.example.:8080'), 'shop');
  assert.equal(found('[::1]:80'), 'shop');
  assert.equal(found('x.shop.example'), 'any');
  assert.equal(found('x.y.shop.example'), 'any');
  assert.equal(found('a.shop.example'), 'any');
  assert.equal(found('x.a.shop.example'), 'a');
  assert.equal(found('notshop.example'), 'others');
  assert.equal(found(null), 'others');
  assert.equal(new HostTable([[['a'], 1]]).find('b'), null);
  assert.equal(new HostTable([[['a'], 1]]).find(null), null);
});
