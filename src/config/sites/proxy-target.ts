import type { ProxySpec } from '../../protocol/supervision/proxy.ts';
import { parseTemplate } from '../../protocol/supervision/template.ts';
import { addressText } from '../../protocol/supervision/upstream.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { type TomlContext, text } from '../toml/table-reader.ts';
import { serverAddress } from './server-address.ts';
import { template } from './template.ts';

export type ProxyTarget = Pick<ProxySpec, 'scheme' | 'host' | 'address' | 'path'>;

const URL_FORM = /^(https?):\/\/(unix:[^:]+|[^/?#]*)(?::(?=\/|$))?(.*)$/;
const EXAMPLES =
  'such as http://127.0.0.1:8000, http://unix:/run/app.sock or http://NAME of [upstreams.NAME]';

/** `http://127.0.0.1:8000`, `http://NAME/path`, `http://unix:/run/x.sock:/path`. */
export function proxyTarget({ folder }: TomlContext): (value: FileValue) => ProxyTarget {
  return (value) => {
    const url = text(value);
    const [, scheme, host = '', path = ''] = URL_FORM.exec(url) ?? [];
    if (scheme === undefined) throw new ValueProblem(`not a URL ${EXAMPLES}`);
    if (host.includes('$')) {
      throw new ValueProblem('the server has no variables; write a route for each, or an upstream');
    }
    if (host === '') throw new ValueProblem(`it names no server; give a URL ${EXAMPLES}`);
    const hasPort = scheme === 'http' || host.startsWith('unix:') || /:\d+$/.test(host);
    const address = serverAddress(hasPort ? host : `${host}:443`, folder);
    return {
      scheme: scheme === 'https' ? 'https' : 'http',
      host: address.kind === 'unix' ? addressText(address) : host,
      address,
      path: path === '' ? null : pathOf(path),
    };
  };
}

function pathOf(path: string): string {
  if (!path.startsWith('/')) throw new ValueProblem(`'${path}' is no path; it begins with a slash`);
  if (/[^\x21-\x7e]|#/.test(path)) {
    throw new ValueProblem('a URL has no spaces and no fragment, and is percent-encoded');
  }
  const hasVariables = parseTemplate(template(path)).some(({ kind }) => kind !== 'text');
  if (path.includes('?') && !hasVariables) {
    throw new ValueProblem('the query is the request’s own; a URL with $variables may have another');
  }
  return path;
}
