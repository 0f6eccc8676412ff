import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { oomCounterFiles, parseOomKills } from '../../../src/arbiter/memory-events.ts';

describe('the out-of-memory counter', () => {
  it('is read from memory.events of cgroup v2', () => {
    const text = 'low 0\nhigh 12\nmax 340\noom 4\noom_kill 3\noom_group_kill 0\n';
    assert.equal(parseOomKills(text), 3);
  });

  it('is read from memory.oom_control of cgroup v1', () => {
    assert.equal(parseOomKills('oom_kill_disable 0\nunder_oom 0\noom_kill 7\n'), 7);
  });

  it('is unknown where a file does not hold it, as on kernels before 4.13', () => {
    assert.equal(parseOomKills('oom_kill_disable 0\nunder_oom 0\n'), null);
    assert.equal(parseOomKills(''), null);
  });

  it("is looked for in the process's own group, then in the root that a container sees", () => {
    assert.deepEqual(oomCounterFiles('0::/system.slice/kirin.service\n'), [
      '/sys/fs/cgroup/system.slice/kirin.service/memory.events',
      '/sys/fs/cgroup/memory.events',
    ]);
  });

  it('is looked for under the memory controller of v1, whatever its place in the list', () => {
    const cgroup = '9:name=systemd:/\n8:pids:/x\n4:cpu,memory:/app\n';
    assert.deepEqual(oomCounterFiles(cgroup), [
      '/sys/fs/cgroup/memory/app/memory.oom_control',
      '/sys/fs/cgroup/memory/memory.oom_control',
    ]);
  });
});
