// Addresses in one spelling each: what compares them (allow lists, logs, rate limits of applications) must not be fooled by another.

/** inet_pton's grammar: four decimal numbers without leading zeros. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6_CHARACTERS = /^[0-9A-Fa-f:.]{2,45}$/;
/** An IPv4 client on a dual-stack socket, as new URL spells it. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

export function parseIPv4(text: string): string | null {
  return IPV4.test(text) ? text : null;
}

/** RFC 5952's spelling, and IPv4's for mapped addresses. */
export function parseIPv6(text: string): string | null {
  if (!IPV6_CHARACTERS.test(text)) return null;
  let spelled: string;
  try {
    spelled = new URL(`http://[${text}]`).hostname.slice(1, -1);
  } catch {
    return null;
  }
  const mapped = MAPPED.exec(spelled);
  if (mapped === null) return spelled;
  const [high = 0, low = 0] = mapped.slice(1).map((group) => Number.parseInt(group, 16));
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}

/** @param bytes four of them */
export function formatIPv4(bytes: Buffer): string {
  return bytes.join('.');
}

/** @param bytes sixteen of them */
export function formatIPv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return parseIPv6(groups.join(':')) as string;
}
