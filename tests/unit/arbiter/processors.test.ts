import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessorMeter, parseProcessSeconds } from '../../../src/arbiter/processors.ts';

/** A machine whose files and clocks the test sets. */
class Machine {
  files: Record<string, string> = {};
  nowMs = 0;
  /** Milliseconds of each processor. */
  processors: { busy: number; idle: number }[] = [];
  readonly meter: ProcessorMeter;

  constructor(cores: number) {
    this.processors = Array.from({ length: cores }, () => ({ busy: 0, idle: 0 }));
    this.meter = new ProcessorMeter({
      read: async (path) => this.files[path] ?? null,
      list: async (folder) =>
        Object.keys(this.files)
          .filter((path) => path.startsWith(`${folder}/`))
          .map((path) => path.slice(folder.length + 1).split('/')[0] as string),
      cpus: () =>
        this.processors.map(({ busy, idle }) => ({
          times: { user: busy / 2, sys: busy / 2, nice: 0, irq: 0, idle },
        })),
      schedulableCores: () => cores,
      nowMs: () => this.nowMs,
    });
  }

  /** A second in which each processor is busy for such a share. */
  pass(...busy: number[]): void {
    this.nowMs += 1000;
    for (const [at, share] of busy.entries()) {
      const processor = this.processors[at] as { busy: number; idle: number };
      processor.busy += share * 1000;
      processor.idle += (1 - share) * 1000;
    }
  }

  /** The processor time that a process has used. */
  use(pid: number, seconds: number): void {
    this.files[`/proc/${pid}/stat`] =
      `${pid} (a) b) S 1 1 1 0 -1 0 0 0 0 0 ${seconds * 50} ${seconds * 50} 0 0 20 0 1 0 99 0 0`;
  }
}

const V2 = '/sys/fs/cgroup';

describe('the use of processors', () => {
  it('is not known from one look', async () => {
    assert.equal(await new Machine(2).meter.measure([]), null);
  });

  it('is what the machine leaves idle, and what each process used', async () => {
    const machine = new Machine(4);
    machine.use(7, 10);
    machine.use(8, 1);
    await machine.meter.measure([7, 8]);
    machine.pass(1, 0.5, 0, 0);
    machine.use(7, 10.5);
    machine.use(9, 3);
    const use = await machine.meter.measure([7, 8, 9]);
    assert.equal(use?.cores, 4);
    assert.equal(use?.idleCores, 2.5);
    assert.deepEqual(
      [...(use?.usedCores ?? [])],
      [
        [7, 0.5],
        [8, 0],
      ],
    );
  });

  it('is needed also by processes that stand in line for it, with any of their threads', async () => {
    const machine = new Machine(2);
    const stand = (thread: number, seconds: number) => {
      machine.files[`/proc/7/task/${thread}/schedstat`] = `1 ${seconds * 1e9} 5\n`;
    };
    machine.use(7, 10);
    stand(7, 1);
    stand(8, 2);
    await machine.meter.measure([7]);
    machine.pass(1, 1);
    machine.use(7, 10.25);
    stand(7, 1.5);
    stand(8, 2.25);
    const use = await machine.meter.measure([7]);
    assert.equal(use?.usedCores.get(7), 0.25);
    assert.equal(use?.neededCores.get(7), 1);
    // A thread that ends takes its count with it.
    machine.pass(1, 1);
    machine.use(7, 10.75);
    delete machine.files['/proc/7/task/8/schedstat'];
    assert.equal((await machine.meter.measure([7]))?.neededCores.get(7), 0.5);
  });

  it('counts no more idle processors than the processes leave of those that they may run on', async () => {
    const machine = new Machine(2);
    machine.use(7, 0);
    await machine.meter.measure([7]);
    machine.pass(0, 0);
    machine.use(7, 1.5);
    assert.equal((await machine.meter.measure([7]))?.idleCores, 0.5);
  });

  it('is bounded by the quota of the control group, of version 2', async () => {
    const machine = new Machine(8);
    machine.files = {
      '/proc/self/cgroup': '0::/a/b\n',
      [`${V2}/a/cpu.max`]: '150000 100000\n',
      [`${V2}/a/cpu.stat`]: 'usage_usec 5000000\nuser_usec 1\n',
      [`${V2}/a/b/cpu.max`]: 'max 100000\n',
    };
    await machine.meter.measure([]);
    machine.pass(0, 0, 0, 0, 0, 0, 0, 0);
    machine.files[`${V2}/a/cpu.stat`] = 'usage_usec 6250000\n';
    const use = await machine.meter.measure([]);
    assert.equal(use?.cores, 1.5);
    assert.equal(use?.idleCores, 0.25);
  });

  it('is bounded by the quota of the control group, of version 1', async () => {
    const machine = new Machine(8);
    const folder = '/sys/fs/cgroup/cpu,cpuacct/docker/x';
    machine.files = {
      '/proc/self/cgroup': '4:cpu,cpuacct:/docker/x\n0::/\n',
      [`${folder}/cpu.cfs_quota_us`]: '200000\n',
      [`${folder}/cpu.cfs_period_us`]: '100000\n',
      [`${folder}/cpuacct.usage`]: '1000000000\n',
    };
    await machine.meter.measure([]);
    machine.pass(0, 0, 0, 0, 0, 0, 0, 0);
    machine.files[`${folder}/cpuacct.usage`] = '2500000000\n';
    const use = await machine.meter.measure([]);
    assert.equal(use?.cores, 2);
    assert.equal(use?.idleCores, 0.5);
  });

  it('takes the quota also where its use cannot be read', async () => {
    const machine = new Machine(4);
    machine.files = { '/proc/self/cgroup': '0::/\n', [`${V2}/cpu.max`]: '50000 100000\n' };
    machine.use(7, 0);
    await machine.meter.measure([7]);
    machine.pass(0, 0, 0, 0);
    machine.use(7, 0.5);
    const use = await machine.meter.measure([7]);
    assert.deepEqual([use?.cores, use?.idleCores], [0.5, 0]);
  });

  it('can be measured of this machine', async () => {
    const meter = new ProcessorMeter();
    await meter.measure([process.pid]);
    const until = performance.now() + 50;
    while (performance.now() < until);
    const use = await meter.measure([process.pid]);
    assert.ok(use !== null && use.cores > 0 && use.idleCores >= 0 && use.idleCores <= use.cores);
    assert.ok((use.usedCores.get(process.pid) ?? 0) > 0);
  });
});

it('a process that is gone has used nothing that is known', () => {
  assert.equal(parseProcessSeconds(''), null);
});
