import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FAST_MS, isSlow, MIXES, SLOW_MS } from '../../../../benchmarks/dispatch/mix.ts';

const APP_FOLDER = fileURLToPath(new URL('../../../../../benchmarks/dispatch', import.meta.url));
/** The beginning, and where a later round begins. */
const RANGES = [
  [0, 2000],
  [300_000_000, 300_001_000],
] as const;

function slowNumbers(): number[] {
  return RANGES.flatMap(([from, to]) =>
    Array.from({ length: to - from }, (_, index) => from + index).filter(isSlow),
  );
}

test('one of a hundred numbers is slow, as often in every place and with gaps as chance makes them', () => {
  const count = 200_000;
  const slow = Array.from({ length: count }, (_, number) => number).filter(isSlow);
  assert.ok(Math.abs(slow.length - count / 100) < 3 * Math.sqrt(count / 100), `${slow.length} of ${count}`);
  // Of gaps that know nothing of one another a share of 1 - 0.99 ** 20 is 20 or less.
  const short = slow.filter((number, at) => at > 0 && number - (slow[at - 1] as number) <= 20).length;
  assert.ok(Math.abs(short / slow.length - 0.182) < 0.03, `${short} of ${slow.length} gaps`);
});

test('the application takes the same numbers for slow', () => {
  const program = `import app; print([n for a, b in ${JSON.stringify(RANGES)} for n in range(a, b) if app.is_slow(n)])`;
  const output = execFileSync('python3', ['-B', '-c', program], { cwd: APP_FOLDER, encoding: 'utf8' });
  assert.deepEqual(JSON.parse(output), slowNumbers());
});

test('the application takes for each path as long as it is taken to', () => {
  const program =
    'import app; print([app.milliseconds_of(p, 0) for p in ("/", "/fast", "/slow")], app.milliseconds_of("/mixed", SLOW), app.milliseconds_of("/mixed", SLOW + 1))';
  const output = execFileSync('python3', ['-B', '-c', program.replaceAll('SLOW', `${slowNumbers()[0]}`)], {
    cwd: APP_FOLDER,
    encoding: 'utf8',
  });
  assert.equal(output, `[0, ${FAST_MS}.0, ${SLOW_MS}.0] ${SLOW_MS}.0 ${FAST_MS}.0\n`);
});

test('what is hidden has one path, and the class that its number says', () => {
  const slow = slowNumbers()[0] ?? -1;
  assert.deepEqual(MIXES.hidden(slow), { path: `/mixed?n=${slow}`, requestClass: 'slow' });
  assert.deepEqual(MIXES.hidden(slow + 1), { path: `/mixed?n=${slow + 1}`, requestClass: 'fast' });
});

test('half of the fast ones spin', () => {
  const targets = Array.from({ length: 10_000 }, (_, number) => MIXES.spin(number));
  const count = (path: string) => targets.filter((target) => target.path === path).length;
  assert.ok(Math.abs(count('/slow') - 100) < 30);
  assert.ok(Math.abs(count('/fast') - count('/fast?kind=spin')) <= 100);
});
