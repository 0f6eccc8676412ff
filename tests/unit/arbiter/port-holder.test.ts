import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listeningInodes } from '../../../src/arbiter/port-holder.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41234 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F40 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 41299 1 0000000000000000 20 4 30 10 -1
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1200 1 0000000000000000 100 0 0 10 0
`;

describe('who listens on a port', () => {
  it('is known by the inode of the listening socket, not of its connections', () => {
    assert.deepEqual(listeningInodes(TABLE, 8000), ['41234']);
  });

  it('is nobody when no line has the port', () => {
    assert.deepEqual(listeningInodes(TABLE, 8001), []);
    assert.deepEqual(listeningInodes('', 8000), []);
  });
});
