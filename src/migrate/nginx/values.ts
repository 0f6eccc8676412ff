// nginx's times and sizes, as numbers and as kirin.toml writes them.

const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_592_000,
  y: 31_536_000,
};

/** `1h30m`, `60`, `500ms`. null: it is none. */
export function seconds(text: string): number | null {
  if (/^\d+$/.test(text)) return Number(text);
  const parts = [...text.replaceAll(' ', '').matchAll(/(\d+)(ms|[smhdwMy])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text.replaceAll(' ', '')) return null;
  return parts.reduce(
    (sum, [, digits, unit]) => sum + Number(digits) * (SECONDS[unit as string] as number),
    0,
  );
}

/** `"90s"`, `"30d"`. */
export function duration(text: string): string | null {
  const total = seconds(text);
  if (total === null) return null;
  if (!Number.isInteger(total)) return `${Math.round(total * 1000)}ms`;
  if (total === 0) return '0s';
  const unit = ['d', 'h', 'm', 's'].find((each) => total % (SECONDS[each] as number) === 0) ?? 's';
  return `${total / (SECONDS[unit] as number)}${unit}`;
}

/** `10m`, `8k`, `1024`, in bytes. */
export function bytes(text: string): number | null {
  const [, digits, unit] = /^(\d+)([kKmMgG]?)$/.exec(text) ?? [];
  if (digits === undefined) return null;
  return Number(digits) * 1024 ** ['', 'k', 'm', 'g'].indexOf((unit ?? '').toLowerCase());
}
