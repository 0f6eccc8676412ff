// RFC 9110 14: which bytes of a representation are asked for.

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * More ranges than anybody needs: readers of documents and video ask for one, rarely for some ten. A request for a thousand
 * overlapping ones was an attack (CVE-2011-3192), and RFC 9110 14.2 lets a server ignore what looks like it.
 */
const MAX_RANGES = 64;

/**
 * The ranges in the order asked for, without those that lie outside. Empty: none can be satisfied (416). Null: the field is to
 * be ignored, since it is not valid, not about bytes, or asks for more than there is.
 *
 * @param size of the whole representation
 */
export function parseByteRanges(text: string, size: number): readonly ByteRange[] | null {
  const list = /^bytes=(.*)$/i.exec(text)?.[1];
  if (list === undefined) return null;
  const ranges: ByteRange[] = [];
  let asked = 0;
  let total = 0;
  for (const element of list.split(',')) {
    const spec = element.replace(/^[ \t]+|[ \t]+$/g, '');
    if (spec === '') continue;
    asked += 1;
    if (asked > MAX_RANGES) return null;
    const range = rangeOf(spec, size);
    if (range === null) return null;
    if (range === 'outside') continue;
    ranges.push(range);
    total += range.length;
  }
  // Ranges that overlap so much that the whole is shorter: nginx sends the whole, too.
  if (asked === 0 || total > size) return null;
  return ranges;
}

function rangeOf(spec: string, size: number): ByteRange | 'outside' | null {
  const match = /^(\d*)-(\d*)$/.exec(spec);
  if (match === null) return null;
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return null;
    const length = Math.min(Number(last), size);
    if (Number(last) === 0) return 'outside';
    // Satisfiable by the RFC's words, but a Content-Range cannot say "no bytes": the whole, which is empty, is sent instead.
    return length === 0 ? null : { offset: size - length, length };
  }
  const offset = Number(first);
  if (last !== '' && Number(last) < offset) return null;
  if (offset >= size) return 'outside';
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  return { offset, length: end - offset };
}
