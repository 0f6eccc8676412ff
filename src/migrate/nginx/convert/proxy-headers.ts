// proxy_set_header and its like. A block's own replace all that it would inherit.

import type { Context } from '../context.ts';
import type { TomlValue } from '../draft.ts';
import type { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';
import { translate, withSets } from '../variables.ts';

/** What Kirin sends without being told, by the name in lower case. */
const SENT_ANYHOW: Readonly<Record<string, readonly string[]>> = {
  host: ['$http_host'],
  'x-forwarded-for': ['$proxy_add_x_forwarded_for'],
  'x-forwarded-proto': ['$scheme'],
  'x-forwarded-host': ['$http_host', '$host'],
};

/** Fields about one message on one connection. */
const OF_ONE_CONNECTION = new Set(['content-length', 'transfer-encoding', 'te', 'trailer', 'keep-alive']);

export function proxyHeaders(table: Record<string, TomlValue>, scope: Scope, { report }: Context): void {
  const set: Record<string, string> = {};
  const removed: string[] = [];
  const names = new Set<string>();
  for (const directive of scope.all('proxy_set_header')) {
    const [name = '', written = ''] = words(directive);
    const known = name.toLowerCase();
    names.add(known);
    report.carried(directive);
    const value = withSets(written, scope);
    if (known === 'upgrade') report.carried(directive, 'upgrades are passed on');
    else if (known === 'connection') connection(value, directive, report);
    else if (SENT_ANYHOW[known]?.includes(value)) report.carried(directive, 'Kirin does so by itself');
    else if (OF_ONE_CONNECTION.has(known))
      report.carried(directive, 'Kirin says by itself where a message ends');
    else if (value === '') removed.push(name);
    else {
      const { text, unknown } = translate(value, scope);
      if (unknown.length === 0) set[name] = text;
      else report.missing(directive, `there is no $${unknown.join(', $')}`);
    }
  }
  // nginx's default: the name in proxy_pass. Kirin's is what the client has sent.
  if (!names.has('host')) set.Host = '$proxy_host';
  if (Object.keys(set).length > 0) table.set_headers = set;
  if (removed.length > 0) table.remove_headers = removed;
  const hidden = scope.all('proxy_hide_header');
  for (const each of hidden) report.carried(each);
  if (hidden.length > 0) table.hide_headers = hidden.map((each) => words(each)[0] ?? '');
}

/** Connections to a backend are Kirin's own. */
function connection(value: string, directive: Directive, report: Context['report']): void {
  if (value === '' || value.toLowerCase() === 'keep-alive') {
    report.carried(directive, 'connections are kept by default');
  } else if (value.toLowerCase() === 'upgrade' || value.startsWith('$')) {
    report.carried(directive, 'upgrades are passed on');
  } else report.differs(directive, 'connections to a backend are kept');
}
