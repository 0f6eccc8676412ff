// A bundle of its own: what `kirin migrate nginx` does with files that are there.

import type { Wishes } from './context.ts';
import { readDump } from './dump.ts';
import { machineFiles } from './machine-files.ts';
import { migrate } from './migrate.ts';
import { type Files, readConfiguration } from './read-files.ts';
import { faultsText, reportJson, reportText } from './report-text.ts';
import type { Directive } from './syntax.ts';

export interface Input {
  /** Absolute; those that are not here have been refused. */
  readonly paths: readonly string[];
  /** What was given on standard input: one file, or the dump of `nginx -T`. */
  readonly standardInput: string | null;
}

export type Outcome =
  | { readonly faults: string }
  /** There is no server in these files. */
  | { readonly without: readonly string[] }
  | (Counts & { readonly text: string; readonly report: string; readonly json: string });

/** Of directives. */
export interface Counts {
  readonly missing: number;
  readonly differing: number;
}

const STANDARD_INPUT = '(standard input)';

export function migrateNginx({ paths, standardInput }: Input, wishes: Wishes): Outcome {
  const dumps = standardInput === null ? null : readDump(standardInput);
  const files = dumps ?? withStandardInput(standardInput);
  const from = standardInput === null ? paths : [...paths, dumps?.main ?? STANDARD_INPUT];
  const configuration = readConfiguration(from, files, wishes.prefix);
  if (configuration.faults.length > 0) return { faults: faultsText(configuration.faults, files.read) };
  if (!hasServer(configuration.directives)) return { without: configuration.files };
  const { text, entries } = migrate(configuration, wishes);
  return {
    text,
    report: reportText(entries, configuration.files),
    json: reportJson(entries, configuration.files),
    missing: entries.filter(({ outcome }) => outcome === 'missing').length,
    differing: entries.filter(({ outcome }) => outcome === 'differs').length,
  };
}

function hasServer(directives: readonly Directive[]): boolean {
  return directives.some(
    ({ name, block }) => name === 'server' || (name === 'http' && hasServer(block ?? [])),
  );
}

function withStandardInput(text: string | null): Files {
  if (text === null) return machineFiles;
  return { ...machineFiles, read: (path) => (path === STANDARD_INPUT ? text : machineFiles.read(path)) };
}
