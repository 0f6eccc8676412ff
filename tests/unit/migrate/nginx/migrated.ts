import { draftOf, migrate } from '../../../../src/migrate/nginx/migrate.ts';
import {
  type Configuration,
  type Files,
  readConfiguration,
} from '../../../../src/migrate/nginx/read-files.ts';
import type { Entry } from '../../../../src/migrate/nginx/report.ts';
import { reportText } from '../../../../src/migrate/nginx/report-text.ts';
import { tomlText } from '../../../../src/migrate/nginx/toml-text.ts';

const FILE = '/etc/nginx/nginx.conf';

/** Files that are there, by their paths. */
export function filesOf(texts: Readonly<Record<string, string>>): Files {
  return {
    read: (path) => texts[path] ?? null,
    matching: (pattern) => {
      const source = pattern.replace(/[.\\]/g, '\\$&').replaceAll('*', '[^/]*');
      return Object.keys(texts)
        .filter((path) => new RegExp(`^${source}$`).test(path))
        .sort();
    },
  };
}

/** What becomes of a configuration, without comments and empty lines; and the report. */
export function migrated(
  source: string,
  {
    app = null,
    files = {},
  }: { readonly app?: string | null; readonly files?: Readonly<Record<string, string>> } = {},
): { readonly lines: readonly string[]; readonly entries: readonly Entry[] } {
  const { text, entries } = migrate(configurationOf(source, files), { app, prefix: null, folder: '/srv' });
  return { lines: plainLines(text), entries };
}

/** `OUTCOME DIRECTIVE: NOTES` of those that are not simply carried over. */
export function said(entries: readonly Entry[]): readonly string[] {
  return entries
    .filter(({ outcome }) => outcome !== 'carried')
    .map(({ outcome, directive, notes }) => `${outcome} ${directive}: ${notes.join('; ')}`);
}

/** The draft, whether this Kirin takes all of it or not. */
export function drafted(source: string, app: string | null = null): { readonly lines: readonly string[] } {
  const { draft } = draftOf(configurationOf(source, {}), { app, prefix: null, folder: '/srv' });
  return { lines: plainLines(tomlText(draft).text) };
}

/** The kirin.toml and the report, as they are written. */
export function becomes(source: string): { readonly text: string; readonly report: string } {
  const configuration = configurationOf(source, {});
  const { text, entries } = migrate(configuration, { app: null, prefix: null, folder: '/srv' });
  return { text, report: reportText(entries, configuration.files) };
}

function configurationOf(source: string, files: Readonly<Record<string, string>>): Configuration {
  const configuration = readConfiguration([FILE], filesOf({ [FILE]: source, ...files }), null);
  if (configuration.faults.length > 0) throw new Error(configuration.faults[0]?.message);
  return configuration;
}

const plainLines = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
