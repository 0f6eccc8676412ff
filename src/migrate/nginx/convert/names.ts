// server_name: which hosts a server is for.

import { pattern } from '../regex.ts';
import type { Report } from '../report.ts';
import type { Scope } from '../scope.ts';
import { words } from '../syntax.ts';

const HOST = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** As `hosts` has them. */
export function namesOf(server: Scope, report: Report): readonly string[] {
  return server.own('server_name').flatMap((directive) => {
    report.carried(directive);
    return words(directive).flatMap((word) => {
      const name = word.toLowerCase();
      // What no client sends: it stands for "whatever else there is".
      if (name === '_' || name === '' || name === '""') return [];
      if (name.startsWith('.')) return [name.slice(1), `*${name}`];
      if (name.startsWith('~')) {
        const found = namesOfPattern(word.slice(1));
        if (found === null) report.missing(directive, `${word}: sites have names and wildcards, no patterns`);
        return found ?? [];
      }
      if (HOST.test(name) || /^\[[0-9a-f:.]+\]$/.test(name)) return [name];
      report.missing(
        directive,
        `${word}: a wildcard is at the beginning of a host, and a host has no other characters`,
      );
      return [];
    });
  });
}

/** A pattern that is a list of names, or a wildcard in disguise; null: it is more. */
function namesOfPattern(source: string): readonly string[] | null {
  if (pattern(source, true) === null) return null;
  const [, body] = /^\^(.*)\$$/.exec(source) ?? [];
  if (body === undefined) return null;
  const [, list, end] = /^\(([^()]*)\)(?![?*+])(.*)$/.exec(body) ?? [];
  const alternatives =
    list === undefined
      ? [body]
      : list
          .replace(/^\?:/, '')
          .split('|')
          .map((each) => each + end);
  const names = alternatives.flatMap((each) => expanded(each));
  return names.every((name) => HOST.test(name)) ? names : null;
}

/** `(www\.)?shop\.example` is two; `.+\.shop\.example` a wildcard. */
function expanded(source: string): readonly string[] {
  const [, start, rest] = /^\((?:\?:)?([\w-]+\\\.)\)\?(.*)$/.exec(source) ?? [];
  if (start !== undefined && rest !== undefined) return [...expanded(rest), ...expanded(start + rest)];
  return [source.replace(/^\(?(\?<\w+>)?(\.[+*]|\[\^\.\]\+|\\w\+)\)?\\\./, '*.').replaceAll('\\.', '.')];
}
