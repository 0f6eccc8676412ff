import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorsOf, parseWrk } from '../../../benchmarks/whole/load.ts';

const OUTPUT = `Running 3s test @ http://127.0.0.1:8000/
  1 threads and 64 connections
  Latency Distribution
     50%  525.00us
  204802 requests in 3.00s, 28.13MB read
Requests/sec:  68259.42
measured {"durationUs":3000311,"requests":204802,"p50Us":525,"p99Us":2840,"errors":{"connect":0,"read":2,"write":0,"timeout":3,"status":0}}
`;

test('the measured line is found among what wrk prints', () => {
  const { requests, durationUs, p50Us, p99Us } = parseWrk(OUTPUT);
  assert.deepEqual([requests, durationUs, p50Us, p99Us], [204802, 3000311, 525, 2840]);
});

test('a run without a measurement is an error that shows what wrk said', () => {
  assert.throws(
    () => parseWrk('unable to connect to 127.0.0.1:1 Connection refused\n'),
    /Connection refused/,
  );
});

test('errors are named with their counts, and none is null', () => {
  const load = parseWrk(OUTPUT);
  assert.equal(errorsOf(load), '2 read, 3 timeout');
  assert.equal(errorsOf({ ...load, errors: { connect: 0, read: 0, write: 0, timeout: 0, status: 0 } }), null);
});
