import assert from 'node:assert/strict';
import { it } from 'node:test';
import { leniencyOf } from '../../../src/edge/leniency.ts';
import { EdgeHarness } from './edge-harness.ts';

it('is lenient in nothing that was not asked for, and guards the headers that tell the scheme', async () => {
  const edge = new EdgeHarness();
  assert.equal(leniencyOf(edge.config), null);
  assert.deepEqual(leniencyOf({ ...edge.config, permitObsoleteFolding: true }), {
    stripsHeaderSpaces: false,
    unfoldsLines: true,
    takesAnyMethod: false,
    foldsMethodCase: false,
    takesAnyMinor: false,
    guardedNames: new Set(['x-forwarded-proto']),
  });
  await edge.stop();
});
