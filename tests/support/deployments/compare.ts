import type { Facts } from './deployment.ts';

/** Something that is not the same under both; undefined: it is not there at all. */
export interface Difference {
  /** The step and the name of the fact, or which log. */
  readonly where: string;
  readonly gunicorn: string | undefined;
  readonly kirin: string | undefined;
}

/** What one run has shown. */
export interface Observed {
  /** By step. */
  readonly facts: ReadonlyMap<string, Facts>;
  /** Lines in no order, since processes write them side by side: by log. */
  readonly logs: Readonly<Record<string, readonly string[]>>;
}

export function compare(gunicorn: Observed, kirin: Observed): Difference[] {
  const found: Difference[] = [];
  for (const step of new Set([...gunicorn.facts.keys(), ...kirin.facts.keys()])) {
    found.push(...compareFacts(step, gunicorn.facts.get(step) ?? {}, kirin.facts.get(step) ?? {}));
  }
  for (const log of Object.keys(gunicorn.logs)) {
    found.push(...compareLines(log, gunicorn.logs[log] ?? [], kirin.logs[log] ?? []));
  }
  return found;
}

function* compareFacts(step: string, gunicorn: Facts, kirin: Facts): Generator<Difference> {
  for (const name of new Set([...Object.keys(gunicorn), ...Object.keys(kirin)])) {
    if (gunicorn[name] === kirin[name]) continue;
    yield { where: `${step}: ${name}`, gunicorn: gunicorn[name], kirin: kirin[name] };
  }
}

/** Each line that one of them has more often than the other. */
function* compareLines(
  log: string,
  gunicorn: readonly string[],
  kirin: readonly string[],
): Generator<Difference> {
  const left = [...kirin];
  for (const line of gunicorn) {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    else yield { where: log, gunicorn: line, kirin: undefined };
  }
  for (const line of left) yield { where: log, gunicorn: undefined, kirin: line };
}

export function describeDifference({ where, gunicorn, kirin }: Difference): string {
  return `${where}\n      Gunicorn: ${show(gunicorn)}\n      Kirin:    ${show(kirin)}`;
}

const show = (value: string | undefined): string => (value === undefined ? 'nothing' : JSON.stringify(value));
