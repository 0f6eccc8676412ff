import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Application } from '../../../src/arbiter/application.ts';
import { Fleet } from '../../../src/arbiter/fleet.ts';
import { HookCalls } from '../../../src/arbiter/hook-calls.ts';
import type { Listener } from '../../../src/arbiter/listeners.ts';
import type { HookFile } from '../../../src/protocol/supervision/zygote.ts';

const file = (...names: string[]): HookFile => ({
  location: '/srv/gunicorn.conf.py',
  cwd: '/srv',
  argv: ['kirin'],
  names,
  environment: {},
  settings: {},
});

describe('calls of server hooks', () => {
  let fleet: Fleet;
  let app: Application;
  let hooks: HookCalls;
  let sent: string[];

  beforeEach(() => {
    fleet = new Fleet();
    app = fleet.appAdded('default', 2, 30_000);
    sent = [];
    hooks = new HookCalls(app, fleet, (generation, message) => {
      const { type, ...rest } = message;
      sent.push([generation, type, ...Object.values(rest)].join(' '));
    });
  });

  /** Starts a generation, and lets it serve. */
  function begin(hookFile: HookFile | null) {
    const spec = hooks.start(hookFile, { listeners: [], predecessorPid: 0 });
    const { number } = fleet.generationStarted(app, 0);
    hooks.started(number, spec);
    fleet.zygoteBooted(number);
    return { number, spec };
  }

  function beginAndServe(hookFile: HookFile | null) {
    const begun = begin(hookFile);
    fleet.generationActivated(begun.number);
    return begun;
  }

  it('are none without hooks, whatever happens', () => {
    const { number, spec } = beginAndServe(null);
    assert.equal(spec, null);
    hooks.listening();
    app.wanted = 5;
    hooks.tellWorkers();
    hooks.interrupt();
    assert.deepEqual(sent, []);
    assert.deepEqual(hooks.quit(number), { stay: 'no', runsOnExit: false });
  });

  it('of when_ready come when the sockets listen, once', () => {
    begin(file('when_ready'));
    assert.deepEqual(sent, []);
    hooks.listening();
    hooks.listening();
    assert.deepEqual(sent, ['1 hook when_ready']);
  });

  it('of when_ready come at once where the sockets listen already, and none at a reload', () => {
    hooks.listening();
    beginAndServe(file('when_ready'));
    assert.deepEqual(sent, ['1 hook when_ready']);
    assert.equal(begin(file('when_ready')).spec?.isReload, true);
    assert.equal(sent.length, 1);
  });

  it('start anew when the zygote was lost', () => {
    beginAndServe(file('when_ready'));
    fleet.zygoteExited(1, 0);
    const { spec } = begin(file('when_ready'));
    assert.equal(spec?.isReload, false);
    assert.equal(spec.workersBefore, null);
  });

  it('tell where the edge listens', () => {
    const tcp = { url: 'http://[::1]:80', spec: { fd: 5, kind: 'tcp', host: '::1', port: 80 } };
    const unix = { url: 'unix:/run/a', spec: { fd: 6, kind: 'unix', path: '/run/a' } };
    const listeners = [tcp, unix] as unknown as Listener[];
    const spec = hooks.start(file('on_exit'), { listeners, predecessorPid: 7 });
    assert.equal(spec?.predecessorPid, 7);
    assert.deepEqual(spec?.listeners, [
      { url: 'http://[::1]:80', path: null, host: '::1', port: 80 },
      { url: 'unix:/run/a', path: '/run/a', host: '', port: 0 },
    ]);
  });

  it('count workers over generations', () => {
    beginAndServe(file('pre_fork'));
    hooks.forked();
    hooks.forked();
    assert.equal(begin(file('pre_fork')).spec?.workerAge, 2);
  });

  it('of nworkers_changed go to the generation that is to stay, and a reload tells its own', () => {
    beginAndServe(file('nworkers_changed'));
    hooks.tellWorkers();
    app.wanted = 3;
    hooks.tellWorkers();
    hooks.tellWorkers();
    assert.deepEqual(sent, ['1 workers 3']);
    app.wanted = 2;
    hooks.planMade();
    hooks.tellWorkers();
    const { spec } = begin(file('nworkers_changed'));
    assert.deepEqual([spec?.workersBefore, spec?.workers], [3, 2]);
    hooks.tellWorkers();
    assert.equal(sent.length, 1);
    app.wanted = 4;
    hooks.tellWorkers();
    assert.deepEqual(sent.slice(1), ['2 workers 4']);
  });

  it('of worker_int go to every generation that has it, at a quick stop', () => {
    beginAndServe(file('worker_int'));
    beginAndServe(file('on_exit'));
    begin(file('worker_int'));
    hooks.interrupt();
    assert.deepEqual(sent, ['1 interrupt', '3 interrupt']);
  });

  it('of pre_exec come in the generation that serves, if that has it', () => {
    assert.ok(!hooks.callPreExec());
    beginAndServe(file('on_exit'));
    assert.ok(!hooks.callPreExec());
    beginAndServe(file('pre_exec'));
    begin(file('pre_exec'));
    assert.ok(hooks.callPreExec());
    assert.deepEqual(sent, ['2 hook pre_exec']);
  });

  it('of on_exit come in the generation that served last', () => {
    for (const names of [['on_exit'], ['on_exit'], ['on_exit']]) beginAndServe(file(...names));
    begin(file('on_exit'));
    fleet.stop = 'quitting';
    const runs = [1, 2, 3, 4].filter((number) => hooks.quit(number).runsOnExit);
    assert.deepEqual(runs, [3]);
    for (const gone of [1, 2, 3]) fleet.zygoteExited(gone, 0);
    assert.ok(hooks.quit(4).runsOnExit, 'or in the one that is there');
  });

  it('let the threads of a generation live on that has served and is replaced, and of no other', () => {
    beginAndServe(file('when_ready'));
    const abandoned = begin(file('when_ready'));
    fleet.generationAbandoned(abandoned.number);
    assert.equal(hooks.quit(abandoned.number).stay, 'no');
    beginAndServe(file('when_ready'));
    assert.equal(hooks.quit(1).stay, 'for threads');
    fleet.stop = 'quitting';
    assert.equal(hooks.quit(1).stay, 'no');
  });

  it('while no worker is wanted keep the zygote that stands in for the arbiter, until another follows', () => {
    const { number } = beginAndServe(file('when_ready', 'on_exit'));
    const generation = app.active;
    assert.ok(generation !== undefined);
    app.wanted = 0;
    generation.phase = 'ending';
    assert.deepEqual(hooks.quit(number), { stay: 'yes', runsOnExit: false });
    fleet.zygoteToldToQuit(number);
    fleet.zygoteStays(number);
    fleet.stop = 'quitting';
    assert.deepEqual(hooks.quit(number), { stay: 'no', runsOnExit: true });
    fleet.stop = 'no';
    app.wanted = 2;
    const { spec } = begin(file('when_ready', 'on_exit'));
    assert.equal(spec?.isReload, true);
    assert.deepEqual(sent, ['1 quit 30000 for threads false']);
  });
});
