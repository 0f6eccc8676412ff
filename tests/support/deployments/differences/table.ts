import type { Difference } from '../compare.ts';
import { environRows } from './environ.ts';
import { logRows } from './logs.ts';
import { processRows } from './processes.ts';
import { responseRows } from './responses.ts';
import { matches, type Row } from './row.ts';

/** All that is not the same under Gunicorn and Kirin, as far as deployments show it. */
export const DIFFERENCES: Readonly<Record<string, Row>> = {
  ...environRows,
  ...responseRows,
  ...logRows,
  ...processRows,
};

/** The name of the row that the difference belongs to, among those that are named and those that are seen everywhere. */
export function listed(difference: Difference, named: readonly string[]): string | undefined {
  const has = (name: string) =>
    DIFFERENCES[name]?.shows.some((pattern) => matches(pattern, difference)) === true;
  const everywhere = Object.keys(DIFFERENCES).filter((name) => DIFFERENCES[name]?.everywhere);
  return [...named, ...everywhere].find(has);
}
