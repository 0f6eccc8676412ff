import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measureMemorySupply } from '../../../src/arbiter/memory-supply.ts';

const MB = 2 ** 20;
const MEMINFO = 'MemTotal:        8192000 kB\nMemFree:  100 kB\nMemAvailable:    4096000 kB\n';
const PRESSURE =
  'some avg10=3.50 avg60=1.00 avg300=0.00 total=1\nfull avg10=9.00 avg60=0.00 avg300=0.00 total=0\n';

const measure = (files: Readonly<Record<string, string>>) =>
  measureMemorySupply(async (path) => files[path] ?? null);

describe('the memory that is left', () => {
  it("is the machine's where no control group has a limit", async () => {
    const files = {
      '/proc/meminfo': MEMINFO,
      '/proc/pressure/memory': PRESSURE,
      '/proc/self/cgroup': '0::/a\n',
      '/sys/fs/cgroup/a/memory.max': 'max\n',
      '/sys/fs/cgroup/a/memory.current': '1000\n',
    };
    assert.deepEqual(await measure(files), {
      availableBytes: 4000 * MB,
      grantedBytes: 8000 * MB,
      pressure: 3.5,
    });
  });

  it('is what the control group grants, besides files that can be dropped', async () => {
    const files = {
      '/proc/meminfo': MEMINFO,
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': `${512 * MB}\n`,
      '/sys/fs/cgroup/memory.current': `${500 * MB}\n`,
      '/sys/fs/cgroup/memory.stat': `anon 1\ninactive_file ${100 * MB}\nactive_file 5\n`,
      '/sys/fs/cgroup/memory.pressure': PRESSURE,
    };
    assert.deepEqual(await measure(files), {
      availableBytes: 112 * MB,
      grantedBytes: 512 * MB,
      pressure: 3.5,
    });
  });

  it('is the least that any group above has', async () => {
    const files = {
      '/proc/meminfo': MEMINFO,
      '/proc/self/cgroup': '0::/a/b\n',
      '/sys/fs/cgroup/a/b/memory.max': `${512 * MB}\n`,
      '/sys/fs/cgroup/a/b/memory.current': `${100 * MB}\n`,
      '/sys/fs/cgroup/a/memory.max': `${1024 * MB}\n`,
      '/sys/fs/cgroup/a/memory.current': `${1000 * MB}\n`,
    };
    assert.deepEqual(await measure(files), { availableBytes: 24 * MB, grantedBytes: 1024 * MB, pressure: 0 });
  });

  it('is known from cgroup v1 too, whose largest number is no limit', async () => {
    const folder = '/sys/fs/cgroup/memory/docker/x';
    const files = {
      '/proc/meminfo': MEMINFO,
      '/proc/self/cgroup': '5:memory:/docker/x\n0::/\n',
      [`${folder}/memory.limit_in_bytes`]: `${256 * MB}\n`,
      [`${folder}/memory.usage_in_bytes`]: `${200 * MB}\n`,
      [`${folder}/memory.stat`]: `total_inactive_file ${50 * MB}\n`,
    };
    assert.equal((await measure(files))?.availableBytes, 106 * MB);
    const unlimited = { ...files, [`${folder}/memory.limit_in_bytes`]: '9223372036854771712\n' };
    assert.equal((await measure(unlimited))?.availableBytes, 4000 * MB);
  });

  it('is not known where there is no /proc', async () => {
    assert.equal(await measure({}), null);
  });
});
