const UNITS = [
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const;

/** For a sentence: `90 s` is `1.5 min`. */
export function duration(ms: number): string {
  const [unitMs, name] = UNITS.find(([each]) => ms >= each) ?? [1000, 's'];
  return `${Number((ms / unitMs).toFixed(1))} ${name}`;
}
