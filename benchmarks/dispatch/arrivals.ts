// When requests are due: moments that do not depend on any answer.

export type ArrivalKind = 'constant' | 'poisson' | 'bursts';

/** Each call gives the next moment, in milliseconds from the beginning. */
export type Arrivals = () => number;

export const BURST_SIZE = 50;

/** The same moments for every server: `seed` makes other ones of the kinds that are random. */
export function arrivalsOf(kind: ArrivalKind, perSecond: number, seed: number): Arrivals {
  const gapMs = 1000 / perSecond;
  let index = -1;
  switch (kind) {
    case 'constant':
      return () => {
        index += 1;
        return index * gapMs;
      };
    case 'bursts':
      return () => {
        index += 1;
        return Math.floor(index / BURST_SIZE) * BURST_SIZE * gapMs;
      };
    case 'poisson': {
      const random = randomNumbers(seed);
      let dueMs = 0;
      return () => {
        dueMs -= Math.log(1 - random()) * gapMs;
        return dueMs;
      };
    }
  }
}

/** From 0 to below 1, by xorshift32: Math.random cannot be seeded. */
function randomNumbers(seed: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x2545f491) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
