import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CATALOGUE } from '../support/nginx-sites/catalogue/all.ts';
import { DIFFERENCES } from '../support/nginx-sites/differences.ts';
import { projectRoot } from '../support/project.ts';

describe('the differences from nginx that configurations show', () => {
  const page = readFileSync(join(projectRoot, 'docs/migrate-from-nginx.md'), 'utf8');
  const table = page.slice(page.indexOf('## What clients see of it'));

  it('are told in docs/migrate-from-nginx.md, each in a row, and no others', () => {
    const rows = [...table.matchAll(/^\| (.+?) \|/gm)]
      .map(([, first]) => first)
      .filter((first) => !/^(---|$)/.test(first ?? ''));
    assert.deepEqual(
      rows.slice(1),
      Object.values(DIFFERENCES).map(({ told }) => told),
    );
  });

  it('are each seen in a configuration', () => {
    const seen = new Set(CATALOGUE.flatMap(({ differs = [] }) => differs));
    const rows = Object.entries(DIFFERENCES).filter(([, { everywhere }]) => everywhere === undefined);
    assert.deepEqual(
      rows.map(([name]) => name).filter((name) => !seen.has(name)),
      [],
    );
  });

  it('are looked for in more than twenty configurations, each with a name of its own, and by hundreds of requests', () => {
    const names = CATALOGUE.map(({ name }) => name);
    assert.ok(names.length > 20);
    assert.equal(new Set(names).size, names.length);
    assert.ok(CATALOGUE.flatMap(({ asked }) => asked).length > 300);
  });
});
