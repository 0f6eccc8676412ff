import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grantedCores } from '../../../src/config/cores.ts';
import { machine } from './fake-machine.ts';

const V2 = '/proc/self/cgroup';

test('without a cgroup the cores are those that the scheduler grants', () => {
  assert.equal(grantedCores(machine({ cores: 6 })), 6);
});

test('the quota of cgroup v2 counts, and a part of a core is a core', () => {
  const files = { [V2]: '0::/app\n', '/sys/fs/cgroup/app/cpu.max': '150000 100000\n' };
  assert.equal(grantedCores(machine({ files, cores: 8 })), 2);
});

test('in a container, where its group is the root, the quota is found there', () => {
  const files = { [V2]: '0::/\n', '/sys/fs/cgroup/cpu.max': '50000 100000\n' };
  assert.equal(grantedCores(machine({ files, cores: 8 })), 1);
});

test('the least quota among the ancestors counts', () => {
  const files = {
    [V2]: '0::/a/b\n',
    '/sys/fs/cgroup/a/b/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/a/cpu.max': '300000 100000\n',
    '/sys/fs/cgroup/cpu.max': '400000 100000\n',
  };
  assert.equal(grantedCores(machine({ files, cores: 8 })), 3);
});

test('a quota above the number of cores adds none', () => {
  const files = { [V2]: '0::/\n', '/sys/fs/cgroup/cpu.max': '1600000 100000\n' };
  assert.equal(grantedCores(machine({ files, cores: 2 })), 2);
});

test('the quota of cgroup v1 counts, and -1 is none', () => {
  const membership = '5:memory:/x\n4:cpu,cpuacct:/docker/abc\n';
  const limited = {
    [V2]: membership,
    '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '200000\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
  };
  assert.equal(grantedCores(machine({ files: limited, cores: 8 })), 2);
  const unlimited = { ...limited, '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' };
  assert.equal(grantedCores(machine({ files: unlimited, cores: 8 })), 8);
});

test('nonsense in the files is no quota', () => {
  const files = { [V2]: '0::/\n', '/sys/fs/cgroup/cpu.max': 'x y\n' };
  assert.equal(grantedCores(machine({ files, cores: 3 })), 3);
  assert.equal(
    grantedCores(machine({ files: { [V2]: '0::/\n', '/sys/fs/cgroup/cpu.max': '' }, cores: 3 })),
    3,
  );
});
