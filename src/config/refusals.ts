import { isDeepStrictEqual } from 'node:util';
import type { Setting } from './setting.ts';

/** Why a value that is well formed is refused all the same, or null when it is not. */
export function refusal(row: Setting<unknown>, value: unknown): string | null {
  if (row.refused === undefined || isDeepStrictEqual(value, row.default)) return null;
  return row.accepts?.(value) ? null : row.refused;
}
