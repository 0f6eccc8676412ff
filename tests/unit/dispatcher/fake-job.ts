import { RouteHistory } from '../../../src/dispatcher/history.ts';
import { Job, type JobFailure } from '../../../src/dispatcher/job.ts';
import { LaneRules } from '../../../src/dispatcher/lane-rules.ts';

/** A job that writes down what becomes of it. */
export class FakeJob extends Job {
  readonly summary: string;
  readonly sentTo: number[] = [];
  readonly events: string[] = [];

  constructor(name: string, isSafe = true, history = new RouteHistory(new LaneRules([]))) {
    super(history.of('GET', `/${name}`), isSafe, performance.now());
    this.summary = name;
  }

  send(lane: { index: number }): void {
    this.sentTo.push(lane.index);
  }

  hints(fields: string): void {
    this.events.push(`hints ${fields.trim()}`);
  }

  begin(_flags: number, a: number, bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    this.events.push(`head ${bytes.toString('latin1', start, start + a).trim()}`);
    this.#body(bytes, start + a, end, isEnd);
  }

  more(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    this.#body(bytes, start, end, isEnd);
  }

  abort(reason: string): void {
    this.isOver = true;
    this.events.push(`abort: ${reason}`);
  }

  fail(failure: JobFailure): void {
    this.isOver = true;
    this.events.push(`failed: ${failure}`);
  }

  #body(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    if (end > start) this.events.push(`body ${bytes.toString('latin1', start, end)}`);
    if (!isEnd) return;
    this.isOver = true;
    this.events.push('end');
  }
}
