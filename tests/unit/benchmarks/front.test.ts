import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadOf } from '../../../benchmarks/front/h2load.ts';
import { parseOptions } from '../../../benchmarks/front/options.ts';
import { formatCell } from '../../../benchmarks/front/report.ts';
import type { Turn } from '../../../benchmarks/whole/measure.ts';

describe('the benchmark of what faces clients', () => {
  it('measures everything unless it is told what', () => {
    const all = parseOptions([]);
    assert.deepEqual(all?.cells, ['4k', '1m', 'proxy', 'tls', 'tls-4k', 'h2', 'h2-4k']);
    assert.deepEqual(all?.servers, ['kirin', 'nginx', 'nginx-cache', 'caddy']);
    const some = parseOptions(['4k', '--servers', 'kirin,nginx', '--connections', '8', '--rounds', '2']);
    assert.deepEqual(
      [some?.cells, some?.servers, some?.connections, some?.rounds],
      [['4k'], ['kirin', 'nginx'], [8], 2],
    );
    assert.equal(parseOptions(['--help']), null);
  });

  it('names what it does not know', () => {
    assert.throws(() => parseOptions(['5k']), /CELL: no such one: 5k/);
    assert.throws(() => parseOptions(['--servers', 'apache']), /--servers: no such one: apache/);
    assert.throws(() => parseOptions(['--rounds', '0']), /--rounds: 0/);
  });

  it('reads what h2load says of a run, and of each request', () => {
    const output = 'requests: 5 total, 6 started, 5 done, 4 succeeded, 1 failed, 0 errored, 0 timeout';
    const log = '1000\t200\t30\n1001\t200\t10\n1002\t200\t20\n1003\t503\t40\n1004\t200\t50\n';
    assert.deepEqual(loadOf(output, log, 2), {
      durationUs: 2e6,
      requests: 5,
      p50Us: 30,
      p99Us: 50,
      errors: { connect: 0, read: 1, write: 0, timeout: 0, status: 1 },
    });
    assert.throws(() => loadOf('h2load: cannot connect', '', 2), /no measurement:\nh2load: cannot connect/);
  });

  it('compares with nginx within each round, and tells of failures', () => {
    const turn = (requestsPerSecond: number): Turn => ({
      requestsPerSecond,
      durationUs: 1e6,
      requests: requestsPerSecond,
      p50Us: 1000,
      p99Us: 2000,
      errors: { connect: 0, read: 0, write: 0, timeout: 0, status: 0 },
      cpuUsPerRequest: 10,
      wrkCpuUsPerRequest: 5,
    });
    // The third round was slow for both.
    const text = formatCell({
      name: '4k',
      connections: 1,
      turns: { kirin: [turn(200), null, turn(30)], nginx: [turn(100), turn(100), turn(10)] },
    });
    assert.match(text, /^### A file of 4 kB, 1 connection\n/);
    assert.match(text, /\| Kirin +\| +115 \| +2\.50 \|.*\| failed in 1 of 3 rounds \|/);
    assert.match(text, /\| nginx +\| +100 \| +1\.00 \|.*\| +– \|/);
  });
});
