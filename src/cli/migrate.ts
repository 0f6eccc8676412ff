// `kirin migrate nginx`: another server's configuration as a kirin.toml.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { KirinError } from '../base/errors.ts';
import { whyUnreadable } from '../base/read-failure.ts';
import type * as MigrateNginx from '../migrate/nginx/main.ts';
import { commandMisused, commandWords } from './command-words.ts';
import type { CommandCall } from './commands.ts';

const HELP = `usage: kirin migrate nginx [OPTIONS] FILE...

Makes a kirin.toml of nginx's configuration: of nginx.conf with all that it includes,
of single files of sites-enabled, or of what 'nginx -T' prints (FILE is then -). It
goes to standard output, and a report of what became of each directive to standard
error. Ends with 3 when something has no equivalent.

  -o, --output FILE    Write the kirin.toml there; a file that is there stays
  --force              ... or is replaced
  --app MODULE:NAME    Run the application, in the place of the backend on this machine
  --prefix FOLDER      What nginx's relative paths are relative to
  --report FILE        Write the report there
  --json               The report is JSON
  -h, --help           Show this and exit
`;

const FLAGS = {
  output: { type: 'string', short: 'o' },
  force: { type: 'boolean' },
  app: { type: 'string' },
  prefix: { type: 'string' },
  report: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** Everything was written, and something has no equivalent. */
const INCOMPLETE = 3;
const STANDARD_INPUT = '-';
/** A bundle of its own. */
const MIGRATE_MODULE = new URL('../migrate/nginx/main.js', import.meta.url).href;

export async function migrate({ words, cwd, print }: CommandCall): Promise<number> {
  const { values, positionals } = commandWords('migrate', words, FLAGS);
  if (values.help === true) return print(HELP);
  const [from, ...files] = positionals;
  if (from !== 'nginx') {
    throw commandMisused(
      'migrate',
      from === undefined ? 'nothing to migrate from; nginx is known' : `'${from}' is not known; nginx is`,
    );
  }
  if (files.length === 0) throw commandMisused('migrate', 'no FILE was given, such as /etc/nginx/nginx.conf');
  const output = values.output === undefined ? null : resolve(cwd, values.output);
  if (output !== null && values.force !== true && existsSync(output)) {
    throw new KirinError(
      'file-unusable',
      `${values.output} is there; it is left as it is`,
      'Give another name, or --force.',
    );
  }
  const { migrateNginx } = (await import(MIGRATE_MODULE)) as typeof MigrateNginx;
  const outcome = migrateNginx(inputOf(files, cwd), {
    app: values.app ?? null,
    prefix: values.prefix === undefined ? null : resolve(cwd, values.prefix),
    folder: output === null ? cwd : dirname(output),
  });
  if ('faults' in outcome)
    throw new KirinError('config-file-unusable', 'nginx would not start with this:', outcome.faults);
  if ('without' in outcome) {
    throw new KirinError(
      'config-file-unusable',
      `there is no server { … } in ${outcome.without.join(', ')}`,
      "Give nginx.conf, a file of sites-enabled, or - for what 'nginx -T' prints.",
    );
  }
  const report = values.json === true ? outcome.json : outcome.report;
  if (values.report === undefined) process.stderr.write(report);
  else write(resolve(cwd, values.report), report);
  if (output === null) print(outcome.text);
  else write(output, outcome.text);
  const isReportSeen = values.report === undefined && values.json !== true;
  if (values.output !== undefined && isReportSeen) process.stderr.write(summary(values.output, outcome));
  return outcome.missing > 0 ? INCOMPLETE : 0;
}

/** The report is long, and begins with what needs attention: in a terminal this stands at its end. */
function summary(output: string, { missing, differing }: MigrateNginx.Counts): string {
  const counts = [
    ...(missing === 0 ? [] : [`${missing} without an equivalent`]),
    ...(differing === 0 ? [] : [`${differing} that differ`]),
  ];
  const rest = counts.length === 0 ? 'everything is carried over' : `look at ${counts.join(', and ')}`;
  return `\n${output} is written: ${rest}. To check it: kirin --check-config -c ${output}\n`;
}

function inputOf(files: readonly string[], cwd: string): MigrateNginx.Input {
  const paths = files.filter((file) => file !== STANDARD_INPUT).map((file) => resolve(cwd, file));
  for (const path of paths) readOrExplain(path, path);
  return { paths, standardInput: files.includes(STANDARD_INPUT) ? readOrExplain(0, 'standard input') : null };
}

function readOrExplain(file: string | number, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new KirinError(
      'config-file-unusable',
      `${name} cannot be read: ${whyUnreadable(error as NodeJS.ErrnoException)}`,
    );
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new KirinError('file-unusable', `${path} cannot be written: ${(error as Error).message}`);
  }
}
