export const pad2 = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** The local time zone's offset at that time: `+0000`, `-0330`. */
export function localOffset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad2(Math.floor(size / 60))}${pad2(size % 60)}`;
}
