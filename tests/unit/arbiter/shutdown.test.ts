import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Shutdown } from '../../../src/arbiter/shutdown.ts';

const config = { gracefulTimeoutMs: 30_000, drainDelayMs: 5_000 };

describe('a graceful stop', () => {
  it('gives the edge the graceful timeout, on top of the drain delay', () => {
    const shutdown = new Shutdown('graceful', 1000, config);
    assert.equal(shutdown.graceMs, 35_000);
    assert.equal(shutdown.edgeGivenUpAtMs, 1000 + 5_000 + 30_000 + 1000);
  });

  it('keeps the sockets open until the edge is about to stop listening', () => {
    const shutdown = new Shutdown('graceful', 1000, config);
    assert.equal(shutdown.closeListenersAtMs, 5900);
    assert.equal(new Shutdown('graceful', 1000, { ...config, drainDelayMs: 0 }).closeListenersAtMs, 1000);
  });

  it('leaves the workers what the edge did not use', () => {
    assert.equal(new Shutdown('graceful', 0, config).quitGraceMs(20_000), 15_000);
  });

  it('leaves the workers a second when the edge used everything', () => {
    assert.equal(new Shutdown('graceful', 0, config).quitGraceMs(36_000), 1000);
  });
});

describe('a quick stop', () => {
  it('has no drain delay and a grace of five seconds', () => {
    const shutdown = new Shutdown('quick', 0, config);
    assert.equal(shutdown.graceMs, 5000);
    assert.equal(shutdown.edgeGivenUpAtMs, 6000);
  });

  it('has the graceful timeout where that is shorter', () => {
    assert.equal(new Shutdown('quick', 0, { ...config, gracefulTimeoutMs: 700 }).graceMs, 700);
  });
});

describe('a second signal', () => {
  it('ends the waiting for the edge and for the workers', () => {
    const shutdown = new Shutdown('graceful', 0, config);
    shutdown.hurry(2000);
    assert.equal(shutdown.edgeGivenUpAtMs, 2300);
    assert.equal(shutdown.quitGraceMs(2300), 300);
    assert.equal(shutdown.overByMs, 4300);
  });
});
