// Which of several servers the next request goes to. All that are asked for are up.

import type { BalanceSpec } from '../protocol/supervision/upstream.ts';
import { hashOf, mixed } from './hash.ts';
import type { Server } from './server.ts';

export interface Choice {
  /** What is hashed; null: nothing. */
  readonly key: string | null;
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** `servers`: at least one. */
export type Policy = (servers: readonly Server[], choice: Choice) => Server;

export function policyOf(balance: BalanceSpec): Policy {
  switch (balance.by) {
    case 'round-robin':
      return roundRobin;
    case 'least-connections':
      return leastConnections;
    case 'two-choices':
      return twoChoices;
    case 'hash':
      return byHash;
  }
}

/**
 * Smooth weighted round robin, as nginx has it: everybody gets his weight as credit, the richest is chosen and pays for all. Of weights
 * 5, 1 and 1 comes a a b a c a a.
 */
function roundRobin(servers: readonly Server[], { nowMs }: Choice): Server {
  let total = 0;
  let best = servers[0] as Server;
  for (const server of servers) {
    const weight = server.weight(nowMs);
    server.credit += weight;
    total += weight;
    if (server.credit > best.credit) best = server;
  }
  best.credit -= total;
  return best;
}

/** The least requests for its weight; those that are alike take turns. */
function leastConnections(servers: readonly Server[], choice: Choice): Server {
  let least = Number.POSITIVE_INFINITY;
  let tied: Server[] = [];
  for (const server of servers) {
    const load = loadOf(server, choice.nowMs);
    if (load < least) tied = [];
    if (load <= least) tied.push(server);
    least = Math.min(least, load);
  }
  return tied.length === 1 ? (tied[0] as Server) : roundRobin(tied, choice);
}

/** The less busy of two that are drawn by their weights: nearly as good as to compare all, and several Kirins do not all run to the same one. */
function twoChoices(servers: readonly Server[], choice: Choice): Server {
  const first = draw(servers, null, choice);
  if (servers.length === 1) return first;
  const second = draw(servers, first, choice);
  return loadOf(second, choice.nowMs) < loadOf(first, choice.nowMs) ? second : first;
}

function draw(servers: readonly Server[], without: Server | null, { nowMs, random }: Choice): Server {
  let total = 0;
  for (const server of servers) if (server !== without) total += server.weight(nowMs);
  let left = random() * total;
  let last = servers[0] as Server;
  for (const server of servers) {
    if (server === without) continue;
    last = server;
    left -= server.weight(nowMs);
    if (left < 0) break;
  }
  return last;
}

function loadOf(server: Server, nowMs: number): number {
  return server.active / server.weight(nowMs);
}

/**
 * Highest random weight: each server draws a number from the key and its own address, and the best one has it. When a server leaves,
 * its keys alone move, to all others alike; a ring of points, as Ketama's, does the same less evenly. A key that is empty says nothing:
 * such requests take turns.
 */
function byHash(servers: readonly Server[], choice: Choice): Server {
  const { key } = choice;
  if (key === null || key === '') return roundRobin(servers, choice);
  const hash = hashOf(key);
  let best = servers[0] as Server;
  let highest = Number.NEGATIVE_INFINITY;
  for (const server of servers) {
    // In (0, 1), evenly; by its logarithm the chance to be the highest is proportional to the weight.
    const drawn = (mixed(hash ^ server.hash) + 0.5) / 2 ** 32;
    const score = -server.spec.weight / Math.log(drawn);
    if (score > highest) {
      highest = score;
      best = server;
    }
  }
  return best;
}
