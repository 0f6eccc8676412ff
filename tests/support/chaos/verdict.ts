import type { Execution } from './executions.ts';
import type { NumberedRequest } from './numbered-request.ts';

/** What the processes and the log say of the run. */
export interface Evidence {
  readonly execution: (number: number) => Execution;
  /** Whether that worker's process ended otherwise than in order. */
  readonly hasDied: (pid: number) => boolean;
  /** The workers that, by the log, ended while they ran this request. */
  readonly endedUnder: (number: number) => readonly number[];
}

/**
 * The rules that hold for every request, whatever happens to workers: nothing lost, nothing doubled. Returns what is
 * broken, one sentence each.
 */
export function judge(request: NumberedRequest, evidence: Evidence): string[] {
  const { outcome, isSafe } = request;
  const { starts, ends } = evidence.execution(request.number);
  const broken: string[] = [];
  const rule = (holds: boolean, sentence: string) => {
    if (!holds) broken.push(sentence);
  };
  const unfinished = starts.filter((pid) => !ends.includes(pid));
  const lastStart = starts.at(-1);
  const diedUnderIt = lastStart !== undefined && evidence.hasDied(lastStart);

  rule(ends.length <= starts.length, 'it ended more often than it was started');
  if (isSafe) {
    rule(new Set(starts).size === starts.length, 'it was started twice by one worker');
    rule(
      starts.slice(0, -1).every(evidence.hasDied),
      'it was started again although the worker that had started it lived',
    );
    rule(unfinished.length <= 2, 'it was run again although it had ended two workers');
  } else {
    rule(starts.length <= 1, 'it was started more than once and is not safe');
  }

  switch (outcome.kind) {
    case 'waiting':
      broken.push('its client still waits');
      break;
    case 'wrong':
      broken.push(`it got no valid answer: ${outcome.why}`);
      break;
    case 'cut':
      rule(request.isStreamed, 'its connection was cut although its answer comes in one piece');
      rule(diedUnderIt, `its connection was cut although no worker died: ${outcome.why}`);
      break;
    case 'cut-behind':
      rule(starts.length === 0, 'it was started before the request in front of it was answered');
      break;
    case 'left':
      rule(outcome.wasWhole || starts.length === 0, 'it was started although it never was complete');
      break;
    case 'answered':
      broken.push(...judgeAnswer(request, outcome.status, evidence));
      break;
  }
  return broken;
}

function judgeAnswer(request: NumberedRequest, status: number, evidence: Evidence): string[] {
  const { starts, ends } = evidence.execution(request.number);
  const last = starts.at(-1);
  if (status === 200) {
    if (last === undefined) return ['it was answered 200 and never started'];
    if (request.isRunToItsEnd && !ends.includes(last)) return ['it was answered 200 and never ended'];
    const others = ends.filter((pid) => pid !== last);
    // The answer of a safe request may be lost with the worker that had just given it, and is then asked for again.
    return others.every(evidence.hasDied) ? [] : ['it ended twice, and no worker died'];
  }
  if (status === 500 && request.page === 'sys-exit') return [];
  // The worker had done its part, and died before the edge had opened its file.
  if (status === 502 && request.page === 'file' && last !== undefined && evidence.hasDied(last)) return [];
  if (status !== 502) return [`it was answered ${status}`];
  const ended = evidence.endedUnder(request.number);
  const most = request.isSafe ? 2 : 1;
  if (ended.length !== most)
    return [`it was answered 502, and by the log ${ended.length} workers ended under it`];
  const living = ended.find((pid) => !evidence.hasDied(pid));
  if (living !== undefined) return [`it was answered 502 because of worker ${living}, which did not die`];
  // A worker may die between the moment when it says that it runs a request and the application's first word.
  const other = starts.find((pid) => !ended.includes(pid));
  return other === undefined || ends.includes(other)
    ? []
    : [`worker ${other} ended under it, and is not blamed`];
}
