import { addressText, type UpstreamServerSpec } from '../protocol/supervision/upstream.ts';
import { hashOf } from './hash.ts';
import type { Endpoint, EndpointAddress, Outcome } from './upstream.ts';

/** Of its weight, what a server has at least while that grows. */
const LEAST_SHARE = 0.01;

/**
 * `up`: gets requests. `out`: has failed too often, and gets none until its time is over; then one, on trial. `sick`: its health
 * check says so. `down`: the configuration does.
 */
export type ServerState = 'up' | 'out' | 'trial' | 'sick' | 'down';

/** Whether the state has become another one by it. */
export type Change = 'ejected' | 'back' | null;

/** One address of a server of an upstream: what is known of it, and whether it may have the next request. Times are those of any one clock. */
export class Server implements Endpoint {
  readonly address: EndpointAddress;
  readonly label: string;
  readonly spec: UpstreamServerSpec;
  /** Of its address. */
  readonly hash: number;
  /** Smooth weighted round robin's own. */
  credit = 0;
  /** Requests that it has now. */
  active = 0;
  /** Requests that it was given, and those that failed. */
  given = 0;
  failed = 0;
  isGone = false;
  #isSick = false;
  /** Failures since `#failingSinceMs`. */
  #recentFails = 0;
  #failingSinceMs = 0;
  /** It has failed too often: gets nothing until then. */
  #outUntilMs: number | null = null;
  /** Whether it was given a request since. */
  #isOnTrial = false;
  /** When its weight began to grow. */
  #backSinceMs: number | null = null;

  constructor(spec: UpstreamServerSpec, address: EndpointAddress) {
    this.spec = spec;
    this.address = address;
    this.label = addressText(address);
    this.hash = hashOf(this.label);
  }

  get isSick(): boolean {
    return this.#isSick;
  }

  /** It has all the requests that it may have at one time. */
  get isFull(): boolean {
    return this.spec.maxConnections > 0 && this.active >= this.spec.maxConnections;
  }

  state(nowMs: number): ServerState {
    if (this.spec.isDown) return 'down';
    if (this.#isSick) return 'sick';
    if (this.#outUntilMs === null) return 'up';
    return nowMs < this.#outUntilMs ? 'out' : 'trial';
  }

  /** Whether it may have the next request. */
  isUp(nowMs: number): boolean {
    if (this.#outUntilMs === null) return !this.#isSick && !this.spec.isDown;
    const state = this.state(nowMs);
    return state === 'up' || state === 'trial';
  }

  /** The weight that counts now. */
  weight(nowMs: number): number {
    const { weight, slowStartMs } = this.spec;
    if (this.#backSinceMs === null) return weight;
    const share = (nowMs - this.#backSinceMs) / slowStartMs;
    if (share < 1) return weight * Math.max(share, LEAST_SHARE);
    this.#backSinceMs = null;
    return weight;
  }

  /** Gets a request. */
  begin(nowMs: number): void {
    this.active += 1;
    this.given += 1;
    // One at a time shows whether it is back; if that one takes for ever, another may follow.
    if (this.#outUntilMs === null) return;
    this.#isOnTrial = true;
    this.#outUntilMs = nowMs + this.spec.failTimeoutMs;
  }

  end(outcome: Outcome, nowMs: number): Change {
    this.active -= 1;
    switch (outcome) {
      case 'ok':
        return this.#succeed(nowMs);
      case 'failed':
        return this.#fail(nowMs);
      case 'unknown':
        return null;
    }
  }

  #succeed(nowMs: number): Change {
    // What it had before it failed says nothing of how it is now: a server that stops still answers that.
    if (this.#outUntilMs === null || !this.#isOnTrial) return null;
    this.#outUntilMs = null;
    this.#recentFails = 0;
    this.beginSlowly(nowMs);
    return this.#isSick ? null : 'back';
  }

  #fail(nowMs: number): Change {
    this.failed += 1;
    const { maxFails, failTimeoutMs } = this.spec;
    if (maxFails === 0) return null;
    if (this.#outUntilMs !== null) {
      this.#outUntilMs = nowMs + failTimeoutMs;
      return null;
    }
    if (this.#recentFails === 0 || nowMs - this.#failingSinceMs >= failTimeoutMs) {
      this.#recentFails = 0;
      this.#failingSinceMs = nowMs;
    }
    this.#recentFails += 1;
    if (this.#recentFails < maxFails || failTimeoutMs === 0) return null;
    this.#outUntilMs = nowMs + failTimeoutMs;
    this.#isOnTrial = false;
    return this.#isSick ? null : 'ejected';
  }

  /**
   * It was known before, under another configuration: what had failed has not recovered by that.
   * @param isChecked whether anything will tell when it is well
   */
  inherit(before: Server, isChecked: boolean, nowMs: number): void {
    const { maxFails, failTimeoutMs, slowStartMs } = this.spec;
    this.#isSick = before.#isSick && isChecked;
    if (before.#outUntilMs !== null && maxFails > 0 && failTimeoutMs > 0) {
      this.#outUntilMs = Math.min(before.#outUntilMs, nowMs + failTimeoutMs);
    }
    if (slowStartMs > 0) this.#backSinceMs = before.#backSinceMs;
  }

  /** What its health check has found out. A good one does not wait for the end of a time-out: it has asked the server itself. */
  setSick(isSick: boolean, nowMs: number): void {
    if (this.#isSick === isSick) return;
    this.#isSick = isSick;
    if (isSick) return;
    this.#outUntilMs = null;
    this.#recentFails = 0;
    this.beginSlowly(nowMs);
  }

  /** Its weight grows from now on. */
  beginSlowly(nowMs: number): void {
    if (this.spec.slowStartMs > 0) this.#backSinceMs = nowMs;
  }
}
