import type { Leniency } from '../protocol/http1/leniency.ts';
import type { EdgeConfig } from '../protocol/supervision/edge.ts';

/** What requests are taken leniently; null: nothing. */
export function leniencyOf(config: EdgeConfig): Leniency | null {
  const leniency: Leniency = {
    stripsHeaderSpaces: config.stripHeaderSpaces,
    unfoldsLines: config.permitObsoleteFolding,
    takesAnyMethod: config.permitUnconventionalHttpMethod,
    foldsMethodCase: config.casefoldHttpMethod,
    takesAnyMinor: config.permitUnconventionalHttpVersion,
    guardedNames: new Set(config.secureSchemeHeaders.map(([name]) => name.toLowerCase())),
  };
  return Object.values(leniency).includes(true) ? leniency : null;
}
