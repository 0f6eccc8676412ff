import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FileDraft, SiteDraft, TableDraft } from '../../../../src/migrate/nginx/draft.ts';
import { fit } from '../../../../src/migrate/nginx/fit.ts';
import { Report } from '../../../../src/migrate/nginx/report.ts';
import type { Directive } from '../../../../src/migrate/nginx/syntax.ts';

const from = (name: string): Directive => ({
  name,
  args: [],
  block: null,
  place: { file: 'a.conf', line: 1, column: 1 },
});

function fitted(...routes: readonly TableDraft[]) {
  const draft = new FileDraft();
  const site = new SiteDraft();
  site.routes.push(...routes);
  draft.sites.push(site);
  const report = new Report();
  const text = fit(draft, report, '/srv');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return {
    lines: lines.slice(1),
    notes: (directive: Directive) => report.entries([directive])[0]?.notes.join('; '),
  };
}

describe('what is written', () => {
  it('loses what Kirin does not take, which is reported', () => {
    const directive = from('later');
    const { lines, notes } = fitted(
      new TableDraft().set('files', { folder: '/srv', later: true }, directive).set('sooner', 1, directive),
    );
    assert.deepEqual(lines, ['[[sites.routes]]', 'files = { folder = "/srv" }']);
    assert.match(
      notes(directive) ?? '',
      /sooner is nothing that a route has; .*later is nothing|later is nothing that files has; .*sooner is nothing/,
    );
  });

  it('answers 501 where what is done is not taken', () => {
    const { lines } = fitted(
      new TableDraft().set('exact', '/a').set('redirect', 'nowhere', from('return')).set('status', 301),
    );
    assert.deepEqual(lines, ['[[sites.routes]]', 'exact = "/a"', 'respond = 501']);
  });

  it('answers 501, too, where only a part is taken that would be something else', () => {
    const { lines } = fitted(
      new TableDraft().set('files', { root: '/srv', missing: 'everything' }, from('try_files')),
    );
    assert.deepEqual(lines, ['[[sites.routes]]', 'respond = 501']);
  });

  it('answers 403 where a guard is not taken', () => {
    const { lines } = fitted(new TableDraft().set('files', '/srv').set('allow', ['somebody'], from('allow')));
    assert.deepEqual(lines, ['[[sites.routes]]', 'respond = 403']);
  });

  it('has no route whose requests would be others', () => {
    const { lines } = fitted(
      new TableDraft().set('port', 0, from('listen')).set('respond', 403),
      new TableDraft().set('respond', 404),
    );
    assert.deepEqual(lines, ['[[sites.routes]]', 'respond = 404']);
  });

  it('has no route that is never asked', () => {
    const directive = from('location');
    const { lines, notes } = fitted(
      new TableDraft().set('respond', 404),
      new TableDraft().set('exact', '/a').set('respond', 410, directive),
    );
    assert.deepEqual(lines, ['[[sites.routes]]', 'respond = 404']);
    assert.match(notes(directive) ?? '', /never asked/);
  });

  it('has texts of every kind', () => {
    const { lines } = fitted(new TableDraft().set('respond', 'a "b" \\ \n\t\u0001 ä'));
    assert.equal(lines[1], 'respond = "a \\"b\\" \\\\ \\n\\t\\u0001 ä"');
    assert.equal(
      fitted(new TableDraft().set('pattern', '^/\\d+$').set('respond', 404)).lines[1],
      "pattern = '^/\\d+$'",
    );
  });
});
