// RFC 9110 12.5.3: which codings of a representation the client takes.

/** How much a client wants each coding, from 0 (not at all) to 1. */
export type CodingWeights = (coding: string) => number;

const ELEMENT = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i;

/** Elements that are not valid count as absent. @param text the field's value; undefined where there is none */
export function parseAcceptEncoding(text: string | undefined): CodingWeights {
  // Without the field any coding would do, but a client that does not say so may not understand any.
  if (text === undefined) return (coding) => (coding === 'identity' ? 1 : 0);
  const weights = new Map<string, number>();
  for (const element of text.split(',')) {
    const match = ELEMENT.exec(element.trim());
    if (match === null) continue;
    const [, coding = '', weight = '1'] = match;
    weights.set(canonical(coding.toLowerCase()), Number(weight));
  }
  const others = weights.get('*');
  return (coding) => {
    const weight = weights.get(coding);
    if (weight !== undefined) return weight;
    // Identity is acceptable unless it is excluded by name or by `*;q=0`; of those that are, it is the last choice.
    if (coding === 'identity') return others === 0 ? 0 : (others ?? LEAST);
    return others ?? 0;
  };
}

/** Below every weight that can be written. */
const LEAST = 0.0001;

/** RFC 9110 8.4.1.3. */
const canonical = (coding: string): string => (coding === 'x-gzip' ? 'gzip' : coding);
