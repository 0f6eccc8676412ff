import type { EdgeConfig } from '../protocol/supervision/edge.ts';

/** Bytes of a body that whoever reads requests lets pass; 0: all. A route may take more than the setting says. */
export function largestBody({
  limitRequestBody,
  front,
}: Pick<EdgeConfig, 'limitRequestBody' | 'front'>): number {
  let largest = limitRequestBody;
  for (const { maxBody } of front.sites.flatMap(({ routes }) => routes)) {
    if (maxBody === null) continue;
    largest = maxBody === 0 || largest === 0 ? 0 : Math.max(largest, maxBody);
  }
  return largest;
}
