// Which media types something is for: `text/html`, `text/*`, `application/*+json`, `*`.

/** @param ranges in lower case */
export function mediaTypeMatcher(ranges: readonly string[]): (type: string) => boolean {
  const exact = new Set(ranges);
  if (exact.has('*') || exact.has('*/*')) return () => true;
  const patterns = ranges
    .filter((range) => range.includes('*'))
    .map((range) => new RegExp(`^${range.split('*').map(escaped).join('[^/]*')}$`));
  return (type) => exact.has(type) || patterns.some((pattern) => pattern.test(type));
}

/** Of a Content-Type field: in lower case, without parameters. */
export function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(';');
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

const escaped = (text: string): string => text.replace(/[.+?^$(){}|[\]\\]/g, '\\$&');
