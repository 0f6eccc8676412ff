import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { testVenv } from '../project.ts';
import { compare, type Difference, describeDifference, type Observed } from './compare.ts';
import type { Deployment, Facts } from './deployment.ts';
import { listed } from './differences/table.ts';
import { accessLogLines, errorLogLines, milestones } from './log-lines.ts';
import { Site } from './site.ts';

const gunicornIsMissing = existsSync(join(testVenv, 'bin', 'gunicorn'))
  ? false
  : 'Gunicorn is not in the virtual environment of the tests';

/** Runs each under Gunicorn and under Kirin, and fails on every difference that is not listed. */
export function compareDeployments(title: string, deployments: readonly Deployment[]): void {
  describe(`${title}: Gunicorn and Kirin do the same`, { skip: gunicornIsMissing }, () => {
    for (const deployment of deployments) {
      const { name, skip = false } = deployment;
      it(`for ${name}`, { skip }, () => compareDeployment(deployment));
    }
  });
}

async function compareDeployment(deployment: Deployment): Promise<void> {
  check(deployment, await findDifferences(deployment));
}

async function findDifferences(deployment: Deployment): Promise<Difference[]> {
  const sites = (['gunicorn', 'kirin'] as const).map((server) => new Site(server, deployment));
  try {
    const [gunicorn, kirin] = await Promise.all(sites.map(observe));
    return compare(gunicorn as Observed, kirin as Observed);
  } catch (error) {
    console.error(sites.map((site) => site.report()).join('\n'));
    throw error;
  } finally {
    for (const site of sites) site.discard();
  }
}

async function observe(site: Site): Promise<Observed> {
  const { workers = 1, steps = [], stop = 'SIGTERM' } = site.deployment;
  const facts = new Map<string, Facts>();
  if (workers > 0) {
    await site.waitForWorkers(workers);
    for (const step of steps) facts.set(unusedName(step.what, facts), await step.act(site));
    if (!site.hasEnded && !site.isToldToStop) site.signal(stop);
  }
  const { code, signal } = await site.ended();
  facts.set('the end', { status: String(signal ?? code), files: site.filesLeft().join(' ') });
  const lines = errorLogLines(site.errorLog(), site.folder);
  facts.set('the error log', { order: milestones(lines).join('\n') });
  return {
    facts,
    logs: { 'error log': lines, 'access log': accessLogLines(site.accessLog(), site.folder) },
  };
}

/** A step may be taken more than once. */
function unusedName(what: string, facts: ReadonlyMap<string, Facts>): string {
  return facts.has(what) ? unusedName(`${what}, again`, facts) : what;
}

/** `differs` of the deployment is neither too short nor too long. */
function check(deployment: Deployment, differences: readonly Difference[]): void {
  const seen = new Set<string>();
  const unlisted = differences.filter((difference) => {
    const row = listed(difference, deployment.differs);
    if (row !== undefined) seen.add(row);
    return row === undefined;
  });
  assert.ok(
    unlisted.length === 0,
    `not the same, and not listed for this deployment:\n${unlisted.map((each) => `    ${describeDifference(each)}`).join('\n')}`,
  );
  const unseen = deployment.differs.filter((name) => !seen.has(name));
  assert.deepEqual(unseen, [], 'listed for this deployment, and not seen');
}
