// listen: where a server is reached.

import { parameter } from '../context.ts';
import type { Report } from '../report.ts';
import type { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';

export interface Listen {
  /** '' is every IPv4 address; of a unix socket, its path. */
  readonly host: string;
  /** 0: a unix socket. */
  readonly port: number;
  readonly isTls: boolean;
  readonly isDefault: boolean;
  readonly isProxied: boolean;
  /** null: the server says none. */
  readonly directive: Directive | null;
}

const NEEDS_NOTHING =
  /^(default_server|default|ssl|http2|proxy_protocol|reuseport|deferred|bind|ipv6only=(on|off)|so_keepalive=.*|rcvbuf=.*|sndbuf=.*|backlog=.*|fastopen=.*)$/;

export function listensOf(server: Scope, report: Report): readonly Listen[] {
  const directives = server.own('listen');
  const isTls = server.isOn('ssl');
  report.carried(server.one('ssl'));
  if (directives.length === 0)
    return [{ ...address('80'), isTls, isDefault: false, isProxied: false, directive: null }];
  return directives.flatMap((directive) => {
    const [place = '', ...parameters] = words(directive);
    if (parameters.includes('quic')) {
      report.missing(directive, 'there is no HTTP/3');
      return [];
    }
    report.carried(directive);
    for (const each of parameters) {
      if (!NEEDS_NOTHING.test(each)) report.differs(directive, `${each} is left out`);
    }
    if (parameter(directive, 'backlog') !== null)
      report.carried(directive, 'the backlog is the setting `backlog`');
    return [
      {
        ...address(place),
        isTls: isTls || parameters.includes('ssl'),
        isDefault: parameters.includes('default_server') || parameters.includes('default'),
        isProxied: parameters.includes('proxy_protocol'),
        directive,
      },
    ];
  });
}

function address(text: string): Pick<Listen, 'host' | 'port'> {
  if (text.startsWith('unix:')) return { host: text, port: 0 };
  if (/^\d+$/.test(text)) return { host: '', port: Number(text) };
  const [, host = text, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  return { host: host === '*' || host === '0.0.0.0' ? '' : host, port: Number(port ?? 80) };
}

/** As `bind` has them, each once. An address that a wider one holds is not said. */
export function bindsOf(listens: readonly Listen[]): readonly string[] {
  const hasBoth = new Set(listens.map(({ isTls }) => isTls)).size > 1;
  const texts = listens.flatMap(({ host, port, isTls }) => {
    const isHeld =
      host !== '' && !host.startsWith('[') && listens.some((each) => each.host === '' && each.port === port);
    if (isHeld && port !== 0) return [];
    const place = port === 0 ? host : `${host === '' ? '0.0.0.0' : host}:${port}`;
    if (!hasBoth) return [place];
    return [`${isTls ? 'https' : 'http'}://${place}`];
  });
  return [...new Set(texts)];
}
