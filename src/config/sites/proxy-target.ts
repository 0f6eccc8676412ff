import { nearest } from '../../base/edit-distance.ts';
import type { ProxySpec } from '../../protocol/supervision/proxy.ts';
import { parseTemplate } from '../../protocol/supervision/template.ts';
import { addressText } from '../../protocol/supervision/upstream.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { namesBelow, type TomlContext, text } from '../toml/table-reader.ts';
import { serverAddress } from './server-address.ts';
import { template } from './template.ts';

export type ProxyTarget = Pick<ProxySpec, 'scheme' | 'host' | 'address' | 'path'>;

const URL_FORM = /^(https?):\/\/(unix:[^:]+|[^/?#]*)(?::(?=\/|$))?(.*)$/;
const EXAMPLES =
  'such as http://127.0.0.1:8000, http://unix:/run/app.sock or http://NAME of [upstreams.NAME]';

/** `http://127.0.0.1:8000`, `http://NAME/path`, `http://unix:/run/x.sock:/path`. */
export function proxyTarget(context: TomlContext): (value: FileValue) => ProxyTarget {
  const { folder } = context;
  const upstreams = namesBelow(context, 'upstreams');
  return (value) => {
    const url = text(value);
    const [, scheme, host = '', path = ''] = URL_FORM.exec(url) ?? [];
    if (scheme === undefined) throw new ValueProblem(`not a URL ${EXAMPLES}`);
    if (host.includes('$')) {
      throw new ValueProblem('the server has no variables; write a route for each, or an upstream');
    }
    if (host === '') throw new ValueProblem(`it names no server; give a URL ${EXAMPLES}`);
    checkName(host, upstreams);
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

/** A name without a port that is nearly that of an upstream is more likely to be meant for it than for a host. */
function checkName(host: string, upstreams: readonly string[]): void {
  if (upstreams.includes(host)) return;
  const [, name = '', port] = /^([^:]*)(:\d+)?$/.exec(host) ?? [];
  if (port !== undefined && upstreams.includes(name)) {
    throw new ValueProblem(`the servers of the upstream ${name} have ports of their own; leave ${port} out`);
  }
  const meant = port === undefined ? nearest(host, upstreams) : null;
  if (meant === null) return;
  throw new ValueProblem(
    `there is no upstream ${host}; did you mean ${meant}? A host of that name needs its port here`,
  );
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
