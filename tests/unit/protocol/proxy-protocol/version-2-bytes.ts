export const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** A header of version 2 with the right length. */
export function version2(command: number, family: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const start = Buffer.from([command, family, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([SIGNATURE, start, body]);
}

export function tlv(type: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), Buffer.from(value)]);
}
