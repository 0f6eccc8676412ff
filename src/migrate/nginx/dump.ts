// What `nginx -T` prints: every file of the configuration, each behind a line with its name.

import { globPattern } from './machine-files.ts';
import type { Files } from './read-files.ts';

const HEADER = /^# configuration file (.+):\r?$/;

export interface Dump extends Files {
  /** The file that the others are included from. */
  readonly main: string;
}

/** null: it is no dump, but one file. */
export function readDump(source: string): Dump | null {
  const texts = new Map<string, string[]>();
  let current: string[] | null = null;
  for (const line of source.split('\n')) {
    const [, name] = HEADER.exec(line) ?? [];
    if (name === undefined) {
      current?.push(line);
    } else {
      current = [];
      texts.set(name, current);
    }
  }
  const [main] = texts.keys();
  if (main === undefined) return null;
  return {
    main,
    read: (path) => texts.get(path)?.join('\n') ?? null,
    matching: (pattern) => {
      const steps = pattern.split('/').map(globPattern);
      const matches = (path: string): boolean => {
        const names = path.split('/');
        return names.length === steps.length && names.every((name, index) => steps[index]?.test(name));
      };
      return [...texts.keys()].filter(matches).sort();
    },
  };
}
