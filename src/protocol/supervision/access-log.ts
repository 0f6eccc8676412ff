// Access logs of sites, as the edge is told.

export interface AccessLogSpec {
  /** Absolute, or `-` for standard output. */
  readonly file: string;
  /** `combined` and `json`; else a text with Gunicorn's atoms, or with $variables. */
  readonly format: string;
}

/** What a format of its own may have beside `$http_NAME` and `$sent_http_NAME`. The names are nginx's, where it has one. */
export const LOG_VARIABLES = [
  'args',
  'body_bytes_sent',
  'cache_status',
  'host',
  'msec',
  'pid',
  'proxy_host',
  'query',
  'queue_time',
  'remote_addr',
  'remote_port',
  'remote_user',
  'request',
  'request_id',
  'request_method',
  'request_time',
  'request_uri',
  'scheme',
  'server_name',
  'server_port',
  'server_protocol',
  'service_time',
  'status',
  'time_iso8601',
  'time_local',
  'upstream_addr',
  'upstream_cache_status',
  'upstream_response_time',
  'upstream_status',
  'uri',
] as const;

export type LogVariable = (typeof LOG_VARIABLES)[number];

export type LogFormatPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: LogVariable }
  /** In lower case, with dashes. */
  | { readonly kind: 'request-field'; readonly name: string }
  | { readonly kind: 'response-field'; readonly name: string }
  | { readonly kind: 'unknown'; readonly name: string };

/** Whether it is written with Gunicorn's atoms: `%(h)s`. */
export function hasAtoms(format: string): boolean {
  return format.includes('%(');
}

const REFERENCE = /\$(?:(\w+)|\{(\w+)\})/g;

export function parseLogFormat(format: string): readonly LogFormatPart[] {
  const parts: LogFormatPart[] = [];
  let end = 0;
  for (const match of format.matchAll(REFERENCE)) {
    if (match.index > end) parts.push({ kind: 'text', text: format.slice(end, match.index) });
    end = match.index + match[0].length;
    parts.push(named(match[1] ?? match[2] ?? ''));
  }
  if (end < format.length) parts.push({ kind: 'text', text: format.slice(end) });
  return parts;
}

function named(name: string): LogFormatPart {
  if (isLogVariable(name)) return { kind: 'variable', name };
  const [, sent, field] = /^(sent_)?http_(\w+)$/.exec(name) ?? [];
  if (field === undefined) return { kind: 'unknown', name };
  const kind = sent === undefined ? 'request-field' : 'response-field';
  return { kind, name: field.toLowerCase().replaceAll('_', '-') };
}

function isLogVariable(name: string): name is LogVariable {
  return (LOG_VARIABLES as readonly string[]).includes(name);
}
