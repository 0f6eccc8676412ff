import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Application } from '../../../src/arbiter/application.ts';
import type { WorkerPhase } from '../../../src/arbiter/children.ts';
import { agenda, type Duty, SLOW_BOOT_MS } from '../../../src/arbiter/duties.ts';
import { Fleet } from '../../../src/arbiter/fleet.ts';

/** A world without processes: carries duties out as if everything succeeded at once. */
class World {
  /** Plans for a reload are there at once. */
  makesPlans = true;
  readonly fleet = new Fleet();
  readonly app: Application;
  readonly done: string[] = [];
  nowMs = 1000;
  nextPid = 101;

  constructor(wanted: number) {
    this.app = this.fleet.appAdded('default', wanted, 30_000);
  }

  /** Duties that are due now, in words. */
  due(): string[] {
    return agenda(this.fleet, this.nowMs).duties.map(inWords);
  }

  /** Carries out what is due, and what follows from it, until nothing is. */
  settle(): void {
    for (let rounds = 0; ; rounds++) {
      const { duties } = agenda(this.fleet, this.nowMs);
      if (duties.length === 0) return;
      assert.ok(rounds < 20, `duties without an end: ${duties.map(inWords)}`);
      for (const duty of duties) this.#perform(duty);
    }
  }

  #perform(duty: Duty): void {
    this.done.push(inWords(duty));
    const { fleet, nowMs } = this;
    switch (duty.do) {
      case 'start-edge':
        fleet.edge = 'listening';
        break;
      case 'drain-edge':
        fleet.edgeLeaving(nowMs, 5000);
        break;
      case 'kill-edge':
        fleet.edgeKillAtMs = Number.POSITIVE_INFINITY;
        break;
      case 'apply-front':
        fleet.frontApplied();
        break;
      case 'start-generation':
        fleet.generationStarted(fleet.app(duty.app) as Application, nowMs);
        break;
      case 'drain-app':
        (fleet.app(duty.app) as Application).drainedByMs = nowMs + 30_000;
        break;
      case 'end-app':
        fleet.app(duty.app)?.leave();
        break;
      case 'forget-app':
        fleet.appForgotten(fleet.app(duty.app) as Application);
        break;
      case 'make-plan':
        fleet.planAsked();
        if (this.makesPlans) fleet.planMade();
        break;
      case 'abandon':
        fleet.generationAbandoned(duty.generation);
        break;
      case 'fork':
        fleet.forkAsked(duty.generation);
        break;
      case 'activate':
        fleet.generationActivated(duty.generation);
        break;
      case 'expire':
        fleet.workerSpent(duty.pid);
        break;
      case 'replace':
        fleet.workerLeaving(duty.pid);
        break;
      case 'tell-slow-boot':
        fleet.slowBootTold(duty.generation);
        break;
      case 'retire':
        fleet.workerRetired(duty.pid, nowMs);
        break;
      case 'kill':
        fleet.workerKilled(duty.pid);
        break;
      case 'quit-zygote':
        fleet.zygoteToldToQuit(duty.generation);
        break;
      case 'forget-generation':
        fleet.generationForgotten(duty.generation);
        break;
    }
  }

  /** The zygote answers every fork that was asked of it. */
  forkAll(generation: number, lifetimeMs = Number.POSITIVE_INFINITY): number[] {
    const pids: number[] = [];
    for (let left = this.fleet.generations.get(generation)?.forking ?? 0; left > 0; left--) {
      const pid = this.nextPid++;
      this.fleet.forked(generation, pid, this.nowMs, this.nowMs + lifetimeMs);
      pids.push(pid);
    }
    return pids;
  }

  /** A plan that has these applications; the newest that there is. */
  plan(...names: readonly string[]): void {
    for (const app of this.fleet.apps) if (!names.includes(app.name)) app.giveUp();
    for (const name of names) {
      const app = this.fleet.app(name);
      if (app === undefined) this.fleet.appAdded(name, 1, 30_000, 'awaited');
      else app.keep();
    }
    this.settle();
    this.clearDone();
    this.fleet.reloadAsked([]);
    this.settle();
  }

  /** Boots a generation until `ready` of its workers are ready. */
  bootGeneration(generation: number, ready = this.app.wanted): number[] {
    this.settle();
    this.fleet.zygoteBooted(generation);
    this.settle();
    const pids = this.forkAll(generation);
    for (const pid of pids.slice(0, ready)) this.fleet.workerReady(pid);
    this.settle();
    return pids;
  }

  phases(generation: number): WorkerPhase[] {
    return this.fleet.workersOf(generation).map(({ phase }) => phase);
  }

  clearDone(): void {
    this.done.length = 0;
  }
}

function inWords({ do: verb, ...what }: Duty): string {
  const details = Object.values(what);
  return [verb, details[0]].filter((part) => part !== undefined && part !== 'default').join(' ');
}

describe('at the start', () => {
  it('edge and zygote are started together', () => {
    assert.deepEqual(new World(2).due(), ['start-edge', 'start-generation']);
  });

  it('a worker counts as ready also when the edge tells of it before its zygote does', () => {
    const world = new World(1);
    world.settle();
    world.fleet.zygoteBooted(1);
    world.settle();
    assert.equal(world.fleet.workerReady(world.nextPid), false);
    world.forkAll(1);
    assert.deepEqual(world.phases(1), ['ready']);
    assert.deepEqual(world.due(), ['activate 1']);
  });

  it('workers are forked when the zygote has booted', () => {
    const world = new World(3);
    world.settle();
    assert.deepEqual(world.due(), []);
    world.fleet.zygoteBooted(1);
    assert.deepEqual(world.due(), ['fork 1', 'fork 1', 'fork 1']);
  });

  it('the first ready worker makes its generation active: nobody waits for the others', () => {
    const world = new World(2);
    world.bootGeneration(1, 1);
    assert.equal(world.app.active?.number, 1);
    assert.deepEqual(world.phases(1), ['ready', 'booting']);
  });
});

describe('with all workers ready', () => {
  let world: World;
  let pids: number[];

  beforeEach(() => {
    world = new World(2);
    pids = world.bootGeneration(1);
    world.clearDone();
  });

  const first = () => pids[0] as number;
  const second = () => pids[1] as number;

  it('nothing is due, and nothing is waited for', () => {
    assert.deepEqual(agenda(world.fleet, world.nowMs), { duties: [], wakeAtMs: Number.POSITIVE_INFINITY });
  });

  it('a worker that dies is replaced at once', () => {
    world.fleet.workerExited(first(), world.nowMs);
    assert.deepEqual(world.due(), ['fork 1']);
  });

  it('a second young death is replaced after a pause, which is never long', () => {
    world.fleet.workerExited(first(), world.nowMs);
    world.settle();
    for (let deaths = 0; deaths < 12; deaths++) {
      const [pid] = world.forkAll(1);
      world.fleet.workerReady(pid as number);
      world.fleet.workerExited(pid as number, world.nowMs);
      const { duties, wakeAtMs } = agenda(world.fleet, world.nowMs);
      assert.deepEqual(duties, []);
      assert.ok(wakeAtMs > world.nowMs && wakeAtMs <= world.nowMs + 1000, `${wakeAtMs - world.nowMs}`);
      world.nowMs = wakeAtMs;
      world.settle();
    }
  });

  it('deaths at a good age are never paused for', () => {
    for (let deaths = 0; deaths < 5; deaths++) {
      world.nowMs += 20_000;
      world.fleet.workerExited(world.fleet.workers.keys().next().value as number, world.nowMs);
      assert.deepEqual(world.due(), ['fork 1']);
      world.settle();
      for (const pid of world.forkAll(1)) world.fleet.workerReady(pid);
      world.settle();
    }
  });

  it('one that asks to leave is let go when its replacement is ready', () => {
    world.fleet.workerLeaving(first());
    world.settle();
    assert.deepEqual(world.done, ['fork 1']);
    const [replacement] = world.forkAll(1);
    world.settle();
    assert.deepEqual(world.done, ['fork 1']);
    world.fleet.workerReady(replacement as number);
    world.settle();
    assert.deepEqual(world.done, ['fork 1', `retire ${first()}`]);
  });

  it('when all ask to leave at once, each goes when a replacement has come', () => {
    for (const pid of pids) world.fleet.workerLeaving(pid);
    world.settle();
    const [one, two] = world.forkAll(1);
    world.fleet.workerReady(one as number);
    world.settle();
    assert.deepEqual(world.done, ['fork 1', 'fork 1', `retire ${first()}`]);
    world.fleet.workerReady(two as number);
    world.settle();
    assert.equal(world.done.at(-1), `retire ${second()}`);
  });

  it('a retired worker that does not leave within the graceful timeout is killed, once', () => {
    world.fleet.workerRetired(first(), world.nowMs);
    world.settle();
    world.clearDone();
    assert.equal(agenda(world.fleet, world.nowMs).wakeAtMs, world.nowMs + 30_000);
    world.nowMs += 30_000;
    world.settle();
    assert.deepEqual(world.done, [`kill ${first()}`]);
  });

  it('a condemned worker is killed when its dump has had time, and replaced meanwhile', () => {
    world.fleet.workerDumped(first(), world.nowMs);
    world.fleet.workerCondemned(first(), world.nowMs + 1);
    world.nowMs += 1;
    assert.deepEqual(world.due(), ['fork 1']);
    world.settle();
    assert.equal(agenda(world.fleet, world.nowMs).wakeAtMs, world.nowMs + 299);
    world.nowMs += 299;
    assert.deepEqual(world.due(), [`kill ${first()}`]);
  });

  it('one more is forked when one more is wanted', () => {
    world.app.wanted = 3;
    assert.deepEqual(world.due(), ['fork 1']);
  });

  it('the oldest is let go when one less is wanted', () => {
    world.app.wanted = 1;
    world.settle();
    assert.deepEqual(world.done, [`retire ${first()}`]);
  });

  it('an edge that dies is started again at once; one that dies again, after a pause', () => {
    world.fleet.edgeExited(world.nowMs);
    assert.deepEqual(world.due(), ['start-edge']);
    world.settle();
    world.fleet.edgeExited(world.nowMs);
    assert.deepEqual(agenda(world.fleet, world.nowMs), { duties: [], wakeAtMs: world.nowMs + 100 });
  });

  it('a zygote that dies is replaced, and its workers serve until the next generation can', () => {
    world.fleet.zygoteExited(1, world.nowMs);
    world.settle();
    assert.deepEqual(world.done, ['start-generation']);
    assert.deepEqual(world.phases(1), ['leaving', 'leaving']);
    world.clearDone();
    world.bootGeneration(2);
    assert.deepEqual(world.done, [
      'fork 2',
      'fork 2',
      'activate 2',
      `retire ${first()}`,
      `retire ${second()}`,
    ]);
    for (const pid of pids) world.fleet.workerExited(pid, world.nowMs);
    world.settle();
    assert.deepEqual([...world.fleet.generations.keys()], [2]);
  });
});

describe('workers over a limit', () => {
  let world: World;
  let pids: number[];

  beforeEach(() => {
    world = new World(3);
    pids = world.bootGeneration(1);
    world.clearDone();
  });

  /** The replacement boots, and the worker that it replaces ends. */
  function finishReplacement(gone: number): number {
    const [replacement] = world.forkAll(1);
    world.fleet.workerReady(replacement as number);
    world.settle();
    world.fleet.workerExited(gone, world.nowMs);
    world.settle();
    return replacement as number;
  }

  it('are replaced one after another, each when the one before is gone', () => {
    const [one, two, three] = pids as [number, number, number];
    for (const pid of pids) world.fleet.workerSpent(pid);
    world.settle();
    assert.deepEqual(world.done, [`replace ${one}`, 'fork 1']);
    finishReplacement(one);
    assert.deepEqual(world.done.slice(2), [`retire ${one}`, `replace ${two}`, 'fork 1']);
    finishReplacement(two);
    assert.deepEqual(world.done.slice(5), [`retire ${two}`, `replace ${three}`, 'fork 1']);
    finishReplacement(three);
    assert.deepEqual(world.done.slice(8), [`retire ${three}`]);
    assert.deepEqual(world.phases(1), ['ready', 'ready', 'ready']);
  });

  it('wait while one that was let go finishes what it runs', () => {
    const [one, two] = pids as [number, number];
    world.fleet.workerSpent(one);
    world.fleet.workerSpent(two);
    world.settle();
    const [replacement] = world.forkAll(1);
    world.fleet.workerReady(replacement as number);
    world.settle();
    assert.equal(world.done.at(-1), `retire ${one}`);
    world.fleet.workerExited(one, world.nowMs);
    assert.deepEqual(world.due(), [`replace ${two}`]);
  });

  it('serve until their turn: the wanted number always does', () => {
    for (const pid of pids) world.fleet.workerSpent(pid);
    for (let step = 0; step < 12; step++) {
      world.settle();
      assert.ok(world.fleet.workersOf(1, 'ready', 'leaving').length >= 3, `${step}: ${world.phases(1)}`);
      const [booted] = world.forkAll(1);
      if (booted !== undefined) {
        world.fleet.workerReady(booted);
      } else {
        const retired = world.fleet.workersOf(1, 'retired')[0];
        if (retired !== undefined) world.fleet.workerExited(retired.pid, world.nowMs);
      }
    }
    assert.ok(pids.every((pid) => !world.fleet.workers.has(pid)));
  });

  it('keep nobody waiting who cannot: a death and a worker that asks to leave are replaced at once', () => {
    const [one, two, three] = pids as [number, number, number];
    world.fleet.workerSpent(one);
    world.settle();
    world.clearDone();
    world.fleet.workerExited(two, world.nowMs);
    world.fleet.workerLeaving(three);
    world.settle();
    assert.deepEqual(world.done, ['fork 1', 'fork 1']);
  });

  it('wait until a worker that died is replaced', () => {
    const [one, two] = pids as [number, number];
    world.fleet.workerExited(two, world.nowMs);
    world.settle();
    world.fleet.workerSpent(one);
    assert.deepEqual(world.due(), []);
    const [replacement] = world.forkAll(1);
    world.fleet.workerReady(replacement as number);
    assert.deepEqual(world.due(), [`replace ${one}`]);
  });

  it('leave it to a reload to replace them', () => {
    world.fleet.workerSpent(pids[0] as number);
    world.fleet.reloadAsked();
    world.settle();
    assert.deepEqual(world.done, ['make-plan', 'apply-front', 'start-generation']);
  });

  it('are the first to go when one less is wanted', () => {
    const last = pids[2] as number;
    world.fleet.workerSpent(last);
    world.app.wanted = 2;
    world.settle();
    assert.deepEqual(world.done, [`retire ${last}`]);
  });

  it('may leave at once when they ask to', () => {
    world.fleet.workerSpent(pids[0] as number);
    world.fleet.workerSpent(pids[1] as number);
    world.settle();
    world.clearDone();
    assert.equal(world.fleet.workerLeaving(pids[1] as number), true);
    world.settle();
    assert.deepEqual(world.done, ['fork 1']);
  });

  it('are noticed by their age when it has come, and not before', () => {
    const aging = new World(2);
    aging.settle();
    aging.fleet.zygoteBooted(1);
    aging.settle();
    const [one, two] = aging.forkAll(1, 5000) as [number, number];
    for (const pid of [one, two]) aging.fleet.workerReady(pid);
    aging.settle();
    aging.clearDone();
    assert.equal(agenda(aging.fleet, aging.nowMs).wakeAtMs, aging.nowMs + 5000);
    aging.nowMs += 5000;
    aging.settle();
    assert.deepEqual(aging.done, [`expire ${one}`, `expire ${two}`, `replace ${one}`, 'fork 1']);
    assert.equal(agenda(aging.fleet, aging.nowMs).wakeAtMs, Number.POSITIVE_INFINITY);
  });
});

describe('a reload', () => {
  let world: World;
  let old: number[];

  beforeEach(() => {
    world = new World(2);
    old = world.bootGeneration(1);
    world.clearDone();
    world.fleet.reloadAsked();
    world.settle();
  });

  it('starts a generation beside the old one, and touches nothing before it is ready', () => {
    const [one] = world.bootGeneration(2, 1);
    assert.ok(one);
    assert.deepEqual(world.done, ['make-plan', 'apply-front', 'start-generation', 'fork 2', 'fork 2']);
    assert.deepEqual(world.phases(1), ['ready', 'ready']);
  });

  it('moves over when as many are ready as serve, and then lets the old ones go', () => {
    world.bootGeneration(2);
    assert.deepEqual(world.done.slice(5), ['activate 2', `retire ${old[0]}`, `retire ${old[1]}`]);
  });

  it('ends the old zygote when its last worker is gone', () => {
    world.bootGeneration(2);
    world.clearDone();
    world.fleet.workerExited(old[0] as number, world.nowMs);
    world.settle();
    assert.deepEqual(world.done, []);
    world.fleet.workerExited(old[1] as number, world.nowMs);
    world.settle();
    assert.deepEqual(world.done, ['quit-zygote 1']);
    world.fleet.zygoteExited(1, world.nowMs);
    world.settle();
    assert.deepEqual([...world.fleet.generations.keys()], [2]);
  });

  it('that is abandoned leaves the old generation as it was', () => {
    const [one, two] = world.bootGeneration(2, 1);
    world.fleet.workerExited(two as number, world.nowMs);
    world.fleet.generationAbandoned(2);
    world.clearDone();
    world.settle();
    assert.deepEqual(world.done, [`retire ${one}`]);
    world.fleet.workerExited(one as number, world.nowMs);
    world.settle();
    assert.equal(world.done.at(-1), 'quit-zygote 2');
    assert.equal(world.app.active?.number, 1);
    assert.deepEqual(world.phases(1), ['ready', 'ready']);
  });

  it('that hangs while it imports is mentioned once, and the old generation goes on', () => {
    world.bootGeneration(2, 0);
    world.clearDone();
    assert.equal(agenda(world.fleet, world.nowMs).wakeAtMs, world.nowMs + SLOW_BOOT_MS);
    world.nowMs += SLOW_BOOT_MS;
    world.settle();
    assert.deepEqual(world.done, ['tell-slow-boot 2']);
    assert.equal(agenda(world.fleet, world.nowMs).wakeAtMs, Number.POSITIVE_INFINITY);
    assert.equal(world.app.active?.number, 1);
    assert.deepEqual(world.phases(1), ['ready', 'ready']);
  });

  it('that hangs while its zygote preloads the application is mentioned too', () => {
    world.nowMs += SLOW_BOOT_MS;
    assert.deepEqual(world.due(), ['tell-slow-boot 2']);
  });

  it('that is asked for during another follows it', () => {
    world.clearDone();
    world.fleet.reloadAsked();
    world.settle();
    assert.deepEqual(world.done, ['make-plan', 'apply-front']);
    world.bootGeneration(2);
    assert.equal(world.app.candidate?.number, 3);
  });

  it('replaces a worker of the old generation that dies meanwhile', () => {
    world.fleet.workerExited(old[0] as number, world.nowMs);
    assert.deepEqual(world.due(), ['fork 1']);
  });
});

describe('an application that does not boot any more', () => {
  it('is tried by one worker at a time, with growing pauses, while the others serve', () => {
    const world = new World(4);
    const pids = world.bootGeneration(1);
    world.nowMs += 60_000;
    for (const pid of pids.slice(1)) world.fleet.workerExited(pid, world.nowMs);
    world.settle();
    const pauses: number[] = [];
    for (let tries = 0; tries < 10; tries++) {
      const failing = world.forkAll(1);
      assert.equal(failing.length, tries === 0 ? 3 : 1);
      for (const pid of failing) world.fleet.workerExited(pid, world.nowMs);
      const { duties, wakeAtMs } = agenda(world.fleet, world.nowMs);
      assert.deepEqual(duties, []);
      pauses.push(wakeAtMs - world.nowMs);
      world.nowMs = wakeAtMs;
      world.settle();
    }
    assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
    assert.deepEqual(world.phases(1), ['ready']);
  });

  it('gets all its workers back as soon as one boots', () => {
    const world = new World(3);
    const pids = world.bootGeneration(1);
    for (const pid of pids) world.fleet.workerExited(pid, world.nowMs);
    world.app.bootFailures.failed(world.nowMs);
    world.nowMs += 100;
    world.settle();
    const [one] = world.forkAll(1);
    world.fleet.workerReady(one as number);
    world.clearDone();
    world.settle();
    assert.deepEqual(world.done, ['fork 1', 'fork 1']);
  });

  it('is left alone until something changes, when it waits for that', () => {
    const world = new World(1);
    world.bootGeneration(1, 0);
    world.fleet.generationAbandoned(1);
    world.app.awaitsChange = true;
    world.settle();
    assert.equal(world.app.candidate, undefined);
    world.clearDone();
    world.fleet.reloadAsked();
    world.settle();
    assert.deepEqual(world.done, ['make-plan', 'apply-front', 'start-generation']);
  });

  it('is started anew by a reload even when no generation has ever served', () => {
    const world = new World(1);
    const [pid] = world.bootGeneration(1, 0);
    world.fleet.workerExited(pid as number, world.nowMs);
    world.fleet.reloadAsked();
    world.clearDone();
    world.settle();
    assert.deepEqual(world.done, [
      'make-plan',
      'apply-front',
      'abandon 1',
      'start-generation',
      'quit-zygote 1',
    ]);
    assert.equal(world.app.candidate?.number, 2);
  });
});

describe('a plan for a reload', () => {
  const asked = (): World => {
    const world = new World(1);
    world.bootGeneration(1);
    world.makesPlans = false;
    world.clearDone();
    world.fleet.reloadAsked();
    world.settle();
    return world;
  };

  it('is asked for once, and awaited', () => {
    const world = asked();
    world.settle();
    assert.deepEqual(world.done, ['make-plan']);
    assert.equal(world.fleet.planMade(), true);
    world.settle();
    assert.deepEqual(world.done, ['make-plan', 'apply-front', 'start-generation']);
  });

  it('that cannot be made ends the reload, and the next one makes another', () => {
    const world = asked();
    world.fleet.planFailed();
    world.settle();
    assert.deepEqual(world.done, ['make-plan']);
    world.fleet.reloadAsked();
    world.settle();
    assert.deepEqual(world.done, ['make-plan', 'make-plan']);
  });

  it('is made anew when another reload is asked for before it is there', () => {
    for (const end of ['planMade', 'planFailed'] as const) {
      const world = asked();
      world.fleet.reloadAsked();
      assert.notEqual(world.fleet[end](), true);
      world.settle();
      assert.deepEqual(world.done, ['make-plan', 'make-plan'], end);
      assert.equal(world.fleet.planMade(), true);
    }
  });
});

describe('a stop', () => {
  it('starts and forks nothing while the edge drains', () => {
    const world = new World(2);
    const pids = world.bootGeneration(1);
    world.fleet.stop = 'draining';
    world.fleet.workerExited(pids[0] as number, world.nowMs);
    world.fleet.reloadAsked();
    assert.deepEqual(world.due(), []);
  });

  it('still kills who is past the deadline', () => {
    const world = new World(1);
    const [pid] = world.bootGeneration(1);
    world.fleet.stop = 'draining';
    world.fleet.workerCondemned(pid as number, world.nowMs);
    assert.deepEqual(world.due(), [`kill ${pid}`]);
  });

  it('then ends every zygote, also one that is still starting', () => {
    const world = new World(1);
    world.bootGeneration(1);
    world.fleet.reloadAsked();
    world.settle();
    world.clearDone();
    world.fleet.stop = 'quitting';
    world.settle();
    assert.deepEqual(world.done, ['quit-zygote 1', 'quit-zygote 2']);
  });

  it('ends a zygote that has stayed for the threads of server hooks, and not before', () => {
    const world = new World(1);
    world.bootGeneration(1);
    world.fleet.generationStarted(world.app, world.nowMs);
    world.fleet.generationActivated(2);
    world.fleet.zygoteToldToQuit(1);
    world.fleet.zygoteStays(1);
    for (const { pid } of world.fleet.workersOf(1)) world.fleet.workerExited(pid, world.nowMs);
    assert.ok(!world.due().some((duty) => / 1$/.test(duty)), world.due().join());
    world.fleet.stop = 'quitting';
    assert.ok(world.due().includes('quit-zygote 1'));
    world.fleet.zygoteToldToQuit(1);
    assert.ok(world.fleet.zygoteExited(1, world.nowMs)?.wasAsked);
  });
});

describe('with no worker wanted any more', () => {
  let world: World;
  let pids: number[];

  beforeEach(() => {
    world = new World(2);
    pids = world.bootGeneration(1);
    world.clearDone();
    world.fleet.standBy(world.nowMs);
    world.settle();
  });

  /** The edge tells the workers to quit, and ends. */
  const endAll = () => {
    world.fleet.edgeExited(world.nowMs);
    for (const pid of pids) world.fleet.workerExited(pid, world.nowMs);
    world.settle();
    world.fleet.zygoteExited(1, world.nowMs);
    world.settle();
  };

  it('the edge finishes first, and the workers with it', () => {
    assert.deepEqual(world.done, ['drain-edge']);
    assert.deepEqual(world.phases(1), ['leaving', 'leaving']);
    endAll();
    assert.deepEqual(world.done, ['drain-edge', 'quit-zygote 1', 'forget-generation 1']);
    assert.deepEqual(agenda(world.fleet, world.nowMs), { duties: [], wakeAtMs: Number.POSITIVE_INFINITY });
  });

  it('an edge that does not end is killed, once', () => {
    assert.equal(agenda(world.fleet, world.nowMs).wakeAtMs, world.nowMs + 5000);
    world.nowMs += 5000;
    world.settle();
    assert.deepEqual(world.done, ['drain-edge', 'kill-edge']);
  });

  it('a worker that dies meanwhile has no successor, and counts as no failure', () => {
    world.fleet.workerExited(pids[0] as number, world.nowMs);
    assert.deepEqual(world.due(), []);
    assert.equal(world.app.youngDeaths.failures, 0);
    assert.equal(world.fleet.edgeExited(world.nowMs), true);
    assert.equal(world.fleet.edgeFailures.failures, 0);
  });

  it('everything starts again once one is wanted', () => {
    endAll();
    world.clearDone();
    world.app.wanted = 1;
    world.settle();
    assert.deepEqual(world.done, ['start-edge', 'start-generation']);
  });

  it('nothing starts before the edge that leaves has left', () => {
    world.app.wanted = 1;
    assert.deepEqual(world.due(), []);
    world.fleet.edgeExited(world.nowMs);
    assert.deepEqual(world.due(), ['start-edge', 'start-generation']);
  });

  it('a reload is prepared, and begins when its plan has said how many are wanted', () => {
    endAll();
    world.clearDone();
    world.fleet.reloadAsked();
    world.settle();
    assert.deepEqual(world.done, ['make-plan', 'apply-front']);
    world.app.wanted = 2;
    world.settle();
    assert.deepEqual(world.done, ['make-plan', 'apply-front', 'start-edge', 'start-generation']);
  });

  it('an edge that has died already takes no worker with it: they are let go', () => {
    const other = new World(1);
    other.bootGeneration(1);
    other.fleet.edgeExited(other.nowMs);
    other.fleet.standBy(other.nowMs);
    other.clearDone();
    other.settle();
    assert.deepEqual(other.phases(1), ['retired']);
    assert.deepEqual(other.done, []);
  });
});

describe('several applications', () => {
  let world: World;
  let shop: number[];
  let admin: number[];

  beforeEach(() => {
    world = new World(1);
    world.fleet.appAdded('admin', 1, 30_000);
    shop = world.bootGeneration(1);
    admin = world.bootGeneration(2);
    world.clearDone();
  });

  const app = (name: string) => world.fleet.app(name) as Application;

  it('are started together, and each serves when it is ready', () => {
    const fresh = new World(1);
    fresh.fleet.appAdded('admin', 2, 30_000);
    assert.deepEqual(fresh.due(), ['start-edge', 'start-generation', 'start-generation admin']);
    fresh.bootGeneration(2, 2);
    assert.equal(fresh.fleet.app('admin')?.active?.number, 2);
    assert.equal(fresh.app.active, undefined);
    assert.equal(fresh.fleet.hasServed, false);
    fresh.bootGeneration(1);
    assert.equal(fresh.fleet.hasServed, true);
  });

  it('replace their own workers', () => {
    world.fleet.workerExited(admin[0] as number, world.nowMs);
    assert.deepEqual(world.due(), ['fork 2']);
  });

  it('do not wait for one another when one does not boot', () => {
    world.fleet.zygoteExited(1, world.nowMs);
    world.settle();
    world.fleet.zygoteBooted(3);
    world.settle();
    const [pid] = world.forkAll(3) as [number];
    world.fleet.workerExited(pid, world.nowMs);
    world.fleet.workerExited(admin[0] as number, world.nowMs);
    assert.deepEqual(world.due(), ['fork 2']);
    assert.deepEqual([world.app.bootFailures.failures, app('admin').bootFailures.failures], [1, 0]);
  });

  it('are reloaded together by a signal, and one alone when its own files have changed', () => {
    world.fleet.reloadAsked([app('admin')]);
    world.settle();
    assert.deepEqual(world.done, ['make-plan', 'apply-front', 'start-generation admin']);
    world.bootGeneration(3, 1);
    world.clearDone();
    world.fleet.reloadAsked();
    world.settle();
    assert.deepEqual(world.done.slice(2), ['start-generation', 'start-generation admin']);
  });

  it('move over each on its own: one that is slow holds up nobody', () => {
    world.fleet.reloadAsked();
    world.settle();
    world.bootGeneration(4, 1);
    assert.equal(app('admin').active?.number, 4);
    assert.equal(world.app.active?.number, 1);
  });

  it('are not needed: without any the edge serves, and stands by until a reload', () => {
    const empty = new Fleet();
    assert.deepEqual(agenda(empty, 0).duties, [{ do: 'start-edge' }]);
    empty.edge = 'listening';
    empty.standBy(0);
    assert.deepEqual(agenda(empty, 0).duties, [{ do: 'drain-edge' }]);
    empty.edgeLeaving(0, 5000);
    empty.edgeExited(0);
    assert.deepEqual(agenda(empty, 0).duties, []);
    empty.reloadAsked();
    empty.planAsked();
    empty.planMade();
    assert.deepEqual(agenda(empty, 0).duties, [{ do: 'start-edge' }, { do: 'apply-front' }]);
  });

  it('stand by together', () => {
    app('admin').wanted = 0;
    assert.ok(!world.due().includes('drain-edge'));
    world.app.wanted = 0;
    assert.deepEqual(world.due(), ['drain-edge']);
  });

  it('come by a reload: requests are routed to a new one when it is ready', () => {
    world.plan('default', 'admin', 'blog');
    assert.deepEqual(world.done, ['make-plan']);
    world.bootGeneration(3, 1);
    assert.ok(world.done.indexOf('activate 3') < world.done.indexOf('apply-front'), world.done.join());
    assert.equal(app('blog').standing, 'there');
  });

  it('come by a reload: one that does not load leaves all as it was', () => {
    world.plan('default', 'blog');
    world.fleet.generationAbandoned(3);
    world.fleet.frontGivenUp();
    world.settle();
    assert.deepEqual([app('blog').standing, app('admin').standing], ['leaving', 'there']);
    world.fleet.zygoteExited(3, world.nowMs);
    world.settle();
    assert.deepEqual(
      world.fleet.apps.map(({ name }) => name),
      ['default', 'admin'],
    );
    assert.deepEqual(world.due(), []);
  });

  it('go by a reload: what was routed to one is answered, then it ends, and nobody else notices', () => {
    world.plan('default');
    assert.deepEqual(world.done, ['make-plan', 'apply-front', 'drain-app admin']);
    // Until then it is kept alive.
    const [pid] = admin as [number];
    world.fleet.workerExited(pid, world.nowMs);
    assert.deepEqual(world.due(), ['fork 2']);
    world.settle();
    world.forkAll(2);
    app('admin').leave();
    world.clearDone();
    world.settle();
    assert.deepEqual(world.done, ['quit-zygote 2']);
    world.fleet.zygoteExited(2, world.nowMs);
    world.settle();
    assert.deepEqual(world.done.slice(1), ['forget-generation 2', 'forget-app admin']);
    assert.equal(world.app.active?.number, 1);
    assert.deepEqual(world.phases(1), ['ready']);
    assert.equal(shop.length, 1);
  });

  it('that are to go are not loaded anew, while one that comes is waited for', () => {
    world.fleet.reloadAsked();
    world.makesPlans = false;
    world.settle();
    world.fleet.planMade();
    app('admin').giveUp();
    world.fleet.appAdded('blog', 1, 30_000, 'awaited');
    world.clearDone();
    world.settle();
    assert.deepEqual(world.done, ['start-generation', 'start-generation blog']);
    world.fleet.workerExited(admin[0] as number, world.nowMs);
    assert.deepEqual(world.due(), ['fork 2']);
  });

  it('go after their time, whatever they have not answered', () => {
    world.plan('default');
    assert.equal(agenda(world.fleet, world.nowMs).wakeAtMs, world.nowMs + 30_000);
    world.nowMs += 30_000;
    assert.deepEqual(world.due(), ['end-app admin']);
  });

  it('that go may come back before they are gone', () => {
    world.plan('default');
    world.plan('default', 'admin');
    assert.equal(app('admin').standing, 'there');
    world.plan('default');
    app('admin').leave();
    world.plan('default', 'admin');
    assert.ok(world.done.includes('start-generation admin') || app('admin').candidate !== undefined);
    assert.equal(app('admin').standing, 'awaited');
    world.bootGeneration(app('admin').candidate?.number as number, 1);
    assert.equal(app('admin').standing, 'there');
  });
});
