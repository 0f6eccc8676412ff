// return, and the redirects of rewrite.

import type { Context } from '../context.ts';
import type { TableDraft, TomlValue } from '../draft.ts';
import type { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';
import { translate, withSets } from '../variables.ts';

const REDIRECTS = ['301', '302', '303', '307', '308'];

/** `isNamed`: the site has hosts, and is not that for all others. */
export function writeReturn(
  route: TableDraft,
  directive: Directive,
  scope: Scope,
  isNamed: boolean,
  { report }: Context,
): void {
  const [first = '', ...rest] = words(directive);
  const text = rest.join(' ');
  report.carried(directive);
  if (!/^\d+$/.test(first)) {
    writeRedirect(route, first, 302, directive, scope);
  } else if (REDIRECTS.includes(first) && text !== '') {
    writeRedirect(route, text, Number(first), directive, scope);
  } else if (first === '444') {
    const status = isNamed ? 403 : 421;
    report.differs(directive, `the connection is not closed without a word: the answer is ${status}`);
    route.set('respond', status, directive);
  } else {
    const status = Number(first);
    const body = withSets(text, scope);
    if (/\$\{?[a-z]/.test(body))
      report.missing(directive, 'the text of an answer has no variables; it is sent as it is written');
    const value: TomlValue =
      body === '' ? status : { status, body, type: scope.word('default_type') ?? 'text/plain' };
    for (const each of scope.all('default_type')) report.carried(each);
    route.set('respond', value, directive);
  }
}

export function writeRedirect(
  route: TableDraft,
  to: string,
  status: number,
  from: Directive,
  scope: Scope,
): void {
  route.set('redirect', translate(to, scope).text, from);
  route.set('status', status, from);
}
