// Whole configurations, and the kirin.toml and the report that they become. `node scripts/nginx-fixtures.js` writes them anew.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fixture } from '../../../support/project.ts';
import { becomes } from './migrated.ts';

const folder = fixture('nginx');

describe('whole configurations of nginx', () => {
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.conf'))) {
    const read = (ending: string) => readFileSync(`${folder}/${name.replace('.conf', ending)}`, 'utf8');

    it(`become what they became before: ${name}`, () => {
      const { text, report } = becomes(read('.conf'));
      assert.equal(text, read('.toml'));
      assert.equal(report, read('.report'));
    });
  }
});
