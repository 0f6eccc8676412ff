import type { DispatcherLimits } from '../../../src/dispatcher/dispatcher.ts';

export const LIMITS: DispatcherLimits = {
  timeoutMs: 1000,
  gracefulTimeoutMs: 500,
  stealAfterMs: 5,
  queueLimit: 0,
  queueTimeoutMs: 0,
  laneRules: [],
};
