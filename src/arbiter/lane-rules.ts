import type { LaneQuota } from '../config/lane-quota.ts';
import type { LaneRuleSpec } from '../protocol/supervision/edge.ts';

/**
 * One rule for what is said about the same requests, in the order in which they are first named, limits before reserves.
 * Of two numbers for the same requests the later counts.
 */
export function laneRules(limits: readonly LaneQuota[], reserves: readonly LaneQuota[]): LaneRuleSpec[] {
  const rules = new Map<string, LaneRuleSpec>();
  const merge = (quota: LaneQuota, change: Partial<LaneRuleSpec>) => {
    const { method } = quota;
    // The edge has paths as bytes.
    const path = Buffer.from(quota.path, 'utf8').toString('latin1');
    const key = `${method ?? ''} ${path}`;
    rules.set(key, { ...(rules.get(key) ?? { method, path, limit: null, reserve: 0 }), ...change });
  };
  for (const quota of limits) merge(quota, { limit: quota.lanes });
  for (const quota of reserves) merge(quota, { reserve: quota.lanes });
  return [...rules.values()];
}
