import { type CodingWeights, parseAcceptEncoding } from '../protocol/fields/accept-encoding.ts';

/** Bounded: values come from clients, but hardly differ. */
const MAX_KNOWN = 100;
const MAX_LENGTH = 1000;
const known = new Map<string, CodingWeights>();

const WITHOUT_FIELD = parseAcceptEncoding(undefined);

/** What an Accept-Encoding says; undefined: there is none. */
export function codingWeights(acceptEncoding: string | undefined): CodingWeights {
  if (acceptEncoding === undefined) return WITHOUT_FIELD;
  const before = known.get(acceptEncoding);
  if (before !== undefined) return before;
  const weights = parseAcceptEncoding(acceptEncoding);
  if (acceptEncoding.length > MAX_LENGTH) return weights;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(acceptEncoding, weights);
  return weights;
}
