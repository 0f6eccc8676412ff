import type { Entry, Outcome } from './report.ts';
import type { Fault } from './syntax.ts';
import { shownPlace } from './syntax.ts';

const TITLES: Readonly<Record<Outcome, string>> = {
  missing: 'Has no equivalent',
  differs: 'Differs',
  carried: 'Carried over',
};

/** The report as people read it: what needs their attention first. */
export function reportText(entries: readonly Entry[], files: readonly string[]): string {
  const of = (outcome: Outcome) => entries.filter((entry) => entry.outcome === outcome);
  const counts = `${of('carried').length} carried over, ${of('differs').length} differ, ${of('missing').length} without an equivalent`;
  const sections = (['missing', 'differs', 'carried'] as const).flatMap((outcome) => {
    const lines = of(outcome).map(line);
    return lines.length === 0 ? [] : [`\n${TITLES[outcome]}:\n${lines.join('')}`];
  });
  return `${entries.length} directives in ${files.length} file${files.length === 1 ? '' : 's'}: ${counts}\n${sections.join('')}`;
}

function line({ place, directive, notes }: Entry): string {
  const said = notes.length === 0 ? '' : `\n      ${notes.join('; ')}`;
  return `  ${place.file}:${place.line}  ${directive}${said}\n`;
}

/** The same for programs. */
export function reportJson(entries: readonly Entry[], files: readonly string[]): string {
  const rows = entries.map(({ outcome, place, directive, notes }) => ({
    outcome,
    ...place,
    directive,
    notes,
  }));
  return `${JSON.stringify({ files, directives: rows }, null, 2)}\n`;
}

/** Each with its line, and a mark below the place. */
export function faultsText(faults: readonly Fault[], read: (file: string) => string | null): string {
  return faults
    .map(({ message, place }) => {
      const text = (read(place.file) ?? '').split(/\r?\n/)[place.line - 1] ?? '';
      const mark = text.slice(0, place.column - 1).replace(/[^\t]/g, ' ');
      return `${shownPlace(place)}: ${message}\n\n    ${text}\n    ${mark}^\n`;
    })
    .join('\n');
}
