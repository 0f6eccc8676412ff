import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  liveTree,
  parsePssKilobytes,
  parseStat,
  treeCpuSeconds,
  treeOf,
  treePssMegabytes,
} from '../../../benchmarks/whole/processes.ts';

test('CPU ticks are those of the process and of its reaped children', () => {
  const text = '42 (nginx: worker) S 41 40 40 0 -1 4194304 100 0 0 0 10 20 300 4000 20 0 1 0 5 1 1';
  assert.deepEqual(parseStat(text), { pid: 42, parentPid: 41, cpuTicks: 4330 });
});

test('a process name with spaces and parentheses does not shift the fields', () => {
  const text = '7 (a) b (c) 9) R 6 1 1 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 5 1 1';
  assert.deepEqual(parseStat(text), { pid: 7, parentPid: 6, cpuTicks: 10 });
});

test('a tree is the root and all descendants, in whatever order they are listed', () => {
  const stats = [
    { pid: 13, parentPid: 12, cpuTicks: 0 },
    { pid: 12, parentPid: 10, cpuTicks: 0 },
    { pid: 20, parentPid: 1, cpuTicks: 0 },
    { pid: 10, parentPid: 1, cpuTicks: 0 },
  ];
  assert.deepEqual(
    treeOf([10], stats).map(({ pid }) => pid),
    [13, 12, 10],
  );
});

test('memory is the Pss line, not its parts', () => {
  assert.equal(parsePssKilobytes('Rss:  900 kB\nPss:   512 kB\nPss_Anon:  99 kB\n'), 512);
  assert.equal(parsePssKilobytes(''), 0);
});

test('a real process tree has CPU time and memory, and its children in it', async () => {
  // Keeps the CPU busy for a moment, then shell and child wait for the end of standard input.
  const script = 'cat <&3 & i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; wait';
  const child = spawn('sh', ['-c', `exec 3<&0; ${script}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  const roots = [child.pid as number];
  try {
    assert.equal(liveTree(roots).length, 2);
    assert.ok(treeCpuSeconds(roots) > 0);
    assert.ok(treePssMegabytes(roots) > 0);
  } finally {
    child.stdin.end();
    await ended;
  }
});
