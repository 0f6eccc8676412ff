import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Fleet } from '../../../src/arbiter/fleet.ts';
import { notifications, type ServiceState, serviceState } from '../../../src/arbiter/service-state.ts';

/** Follows a fleet as the arbiter does, and collects what is told. */
class Follower {
  readonly fleet = new Fleet();
  readonly app = this.fleet.appAdded('default', 1, 30_000);
  hasSuccessor = false;
  state: ServiceState | null = null;

  /** What is told now. */
  told(): string[] {
    const now = serviceState(this.fleet, this.state?.phase ?? 'starting', this.hasSuccessor);
    const messages = notifications(this.state, now, 7n);
    this.state = now;
    return messages;
  }

  boot(pid: number): void {
    // A reload begins with its plan.
    this.fleet.planAsked();
    if (this.fleet.planMade()) this.fleet.frontApplied();
    const { number } = this.fleet.generationStarted(this.app, 0);
    this.fleet.zygoteBooted(number);
    this.fleet.forkAsked(number);
    this.fleet.forked(number, pid, 0);
  }

  activate(pid: number): void {
    this.fleet.workerReady(pid);
    this.fleet.generationActivated(this.app.candidate?.number ?? 0);
  }
}

describe('what systemd is told', () => {
  let follower: Follower;
  let fleet: Fleet;

  beforeEach(() => {
    follower = new Follower();
    fleet = follower.fleet;
    follower.boot(11);
  });

  const serve = () => {
    follower.told();
    follower.activate(11);
    follower.told();
  };

  it('at the start is that it is ready when a worker serves, not before', () => {
    assert.deepEqual(follower.told(), ['STATUS=Loading the application']);
    fleet.workerReady(11);
    assert.deepEqual(follower.told(), []);
    follower.activate(11);
    assert.deepEqual(follower.told(), ['READY=1\nSTATUS=Serving with 1 of 1 workers, generation 1']);
    assert.deepEqual(follower.told(), []);
  });

  it('of a reload is that it has begun and, when it is over, that all is ready', () => {
    serve();
    fleet.reloadAsked();
    assert.deepEqual(follower.told(), ['RELOADING=1\nMONOTONIC_USEC=7\nSTATUS=Loading the configuration']);
    follower.boot(12);
    assert.deepEqual(follower.told(), ['STATUS=Loading generation 2']);
    follower.activate(12);
    assert.deepEqual(follower.told(), ['READY=1\nSTATUS=Serving with 1 of 1 workers, generation 2']);
  });

  it('of a reload that fails is that the old is ready', () => {
    serve();
    fleet.reloadAsked();
    follower.told();
    follower.boot(12);
    follower.told();
    fleet.generationAbandoned(2);
    assert.deepEqual(follower.told(), ['READY=1\nSTATUS=Serving with 1 of 1 workers, generation 1']);
  });

  it('of a second reload during the first is that one has begun again', () => {
    serve();
    fleet.reloadAsked();
    follower.told();
    fleet.reloadAsked();
    assert.deepEqual(follower.told(), ['RELOADING=1\nMONOTONIC_USEC=7\nSTATUS=Loading the configuration']);
  });

  it('of a reload that was over at once is that it has begun and ended', () => {
    serve();
    fleet.reloadAsked();
    fleet.planAsked();
    fleet.planFailed();
    assert.deepEqual(follower.told(), [
      'RELOADING=1\nMONOTONIC_USEC=7\nSTATUS=Serving with 1 of 1 workers, generation 1',
      'READY=1\nSTATUS=Serving with 1 of 1 workers, generation 1',
    ]);
  });

  it('of a generation that takes a dead one’s place is no reload', () => {
    serve();
    fleet.zygoteExited(1, 0);
    follower.boot(12);
    assert.deepEqual(follower.told(), ['STATUS=Serving with 0 of 1 workers, generation 1']);
  });

  it('of the end is that it stops, once', () => {
    serve();
    fleet.stop = 'draining';
    assert.deepEqual(follower.told(), ['STOPPING=1\nSTATUS=Answering what was accepted']);
    fleet.stop = 'quitting';
    assert.deepEqual(follower.told(), ['STATUS=Ending the workers']);
  });

  it('of the end of one that another goes on for is not that it stops', () => {
    serve();
    follower.hasSuccessor = true;
    fleet.stop = 'draining';
    assert.deepEqual(follower.told(), ['STATUS=Answering what was accepted']);
  });

  it('of one without workers is that it stands by', () => {
    serve();
    fleet.standBy(0);
    assert.deepEqual(follower.told(), ['STATUS=Standing by, without workers']);
  });
});
