import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runChaos } from '../support/chaos/chaos-run.ts';
import { fixture } from '../support/project.ts';

// For development: KIRIN_CHAOS_SECONDS makes it shorter or longer, and KIRIN_CHAOS_SEED repeats the choices of a run.
const SECONDS = Number(process.env.KIRIN_CHAOS_SECONDS ?? 60);
const SEED = Number(process.env.KIRIN_CHAOS_SEED ?? Date.now() % 1_000_000);

/** What one runs is routed to it by the method. */
const TWO_APPLICATIONS = ['reading', 'writing']
  .map((name) => `[apps.${name}]\napp = "chaotic:app"\nchdir = ${JSON.stringify(fixture('apps'))}\n`)
  .concat('[[sites]]\napp = "reading"\n[[sites.routes]]\nmethods = ["POST"]\napp = "writing"\n')
  .join('');

describe('while workers die, come and go', () => {
  for (const { what, ...options } of [
    {
      what: 'workers with one lane',
      threads: 1,
      args: ['--workers', '3', '--max-requests', '200', '--max-requests-jitter', '100'],
    },
    { what: 'workers with several threads', threads: 4, args: ['--workers', '2', '--threads', '4'] },
    { what: 'workers of two applications', threads: 1, args: ['--workers', '2'], toml: TWO_APPLICATIONS },
  ]) {
    it(`no request is lost or run twice: ${what}`, async (context) => {
      const { faults, outcomes, deaths, disasters } = await runChaos({
        seed: SEED,
        seconds: SECONDS,
        ...options,
      });
      const facts = `seed ${SEED}, ${deaths} deaths, answers ${JSON.stringify(outcomes)}, disasters ${JSON.stringify(disasters)}`;
      context.diagnostic(facts);
      assert.ok(faults.length === 0, [facts, ...faults].join('\n'));
      assert.ok(deaths > SECONDS / 4, `too little has happened: ${facts}`);
      assert.ok((outcomes['200'] ?? 0) > SECONDS * 20, `too little was answered: ${facts}`);
    });
  }
});
