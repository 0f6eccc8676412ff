import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CATALOGUE } from '../support/deployments/catalogue/all.ts';
import { DIFFERENCES } from '../support/deployments/differences/table.ts';
import { projectRoot } from '../support/project.ts';

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

describe('the differences from Gunicorn that deployments show', () => {
  const page = oneLine(readFileSync(join(projectRoot, 'docs', 'gunicorn.md'), 'utf8'));

  for (const [name, { told }] of Object.entries(DIFFERENCES)) {
    it(`are told in docs/gunicorn.md: ${name}`, () => {
      assert.ok(page.includes(oneLine(told)), `docs/gunicorn.md does not say: ${told}`);
    });
  }

  it('are each seen in a deployment', () => {
    const seen = new Set(CATALOGUE.flatMap(({ differs }) => differs));
    const rows = Object.entries(DIFFERENCES).filter(([, { everywhere }]) => everywhere === undefined);
    assert.deepEqual(
      rows.map(([name]) => name).filter((name) => !seen.has(name)),
      [],
    );
  });

  it('are looked for in more than thirty deployments, each with a name of its own', () => {
    const names = CATALOGUE.map(({ name }) => name);
    assert.ok(names.length > 30);
    assert.equal(new Set(names).size, names.length);
  });
});
