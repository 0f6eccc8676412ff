/** The middle value; of an even number the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/**
 * How many times `base` the values are: the median over rounds of the ratio within each round, because a
 * machine that slows down for one round slows down every server in it. Rounds that one of them lacks do not count.
 */
export function ratioByRound(values: readonly (number | null)[], base: readonly (number | null)[]): number {
  const ratios: number[] = [];
  for (const [round, value] of values.entries()) {
    const other = base[round] ?? null;
    if (value !== null && other !== null && other > 0) ratios.push(value / other);
  }
  return median(ratios);
}

/**
 * The least of the values that at least this share does not exceed (nearest rank). `missing` more are taken for larger than all of them;
 * null when the quantile is one of those, or there are none.
 */
export function quantile(sorted: Float64Array, share: number, missing = 0): number | null {
  return sorted[Math.max(0, Math.ceil(share * (sorted.length + missing)) - 1)] ?? null;
}
