import type { Context } from '../context.ts';
import type { TableDraft, TomlValue } from '../draft.ts';
import type { Scope } from '../scope.ts';
import { words } from '../syntax.ts';
import { translate } from '../variables.ts';

/** access_log and its log_format. */
export function accessLog(route: TableDraft, scope: Scope, { report, logFormats }: Context): void {
  const all = scope.all('access_log');
  const [directive] = all;
  if (directive === undefined) return;
  for (const other of all.slice(1)) report.missing(other, 'there is one access log for a request');
  report.carried(directive);
  const [path = 'off', name, ...parameters] = words(directive);
  if (path === 'off') {
    route.set('access_log', false, directive);
    return;
  }
  if (path.startsWith('syslog:')) report.missing(directive, 'to syslog with the setting `syslog`');
  if (path.includes('$')) report.missing(directive, "a log's name has no variables");
  if (path.startsWith('syslog:') || path.includes('$')) return;
  if (parameters.some((each) => !/^(buffer|flush)=/.test(each)))
    report.differs(directive, 'every request is in it, as plain text');
  const format =
    name === undefined || name === 'combined' || name.includes('=') ? null : logFormats.get(name);
  report.carried(format ?? null);
  if (format === null || format === undefined) {
    route.set('access_log', path, directive);
    return;
  }
  const [, ...texts] = words(format);
  const text = texts.filter((each) => !each.startsWith('escape=')).join('');
  const table: TomlValue = { file: path, format: translate(text, scope).text };
  route.set('access_log', table, directive);
}
