/*
 * A reporter of Node's test runner for scripts/test.sh: what became of the tests, a line each.
 *
 *   pass 12 | fail 1 | cancelled 0 | skipped 0
 *   failed FILE TAB TEST > TEST TAB MESSAGE
 */

const totals = /^(pass|fail|cancelled|skipped) \d+$/;

export default async function* tally(events) {
  const open = new Map();
  for await (const { type, data } of events) {
    if (type === 'test:diagnostic' && totals.test(data.message)) yield `${data.message}\n`;
    if (type === 'test:start') {
      // Files run side by side, each with one branch of its tests at a time.
      const branch = open.get(data.file) ?? [];
      branch[data.nesting] = data.name;
      open.set(data.file, branch);
    }
    // A suite fails with its tests, which are told themselves.
    if (type === 'test:fail' && data.details.error.failureType !== 'subtestsFailed') {
      const names = [...(open.get(data.file) ?? []).slice(0, data.nesting), data.name];
      const message = String(data.details.error.cause?.message ?? data.details.error.message);
      yield `failed ${[data.file, names.join(' > '), message.replace(/\s+/g, ' ').slice(0, 300)].join('\t')}\n`;
    }
  }
}
