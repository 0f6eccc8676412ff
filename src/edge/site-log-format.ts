// Lines of a site's access log: nginx's combined form, JSON, or a form of its own.

import { compileAccessLogFormat, escaped } from '../observe/access-log-format.ts';
import type { AccessRecord } from '../observe/access-record.ts';
import {
  hasAtoms,
  type LogFormatPart,
  type LogVariable,
  parseLogFormat,
} from '../protocol/supervision/access-log.ts';

type Line = (record: AccessRecord) => string;

const COMBINED = '%(h)s - %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"';
const ABSENT = '-';

/** A line without its end. */
export function compileSiteLogFormat(format: string): Line {
  if (format === 'combined') return compileAccessLogFormat(COMBINED);
  if (format === 'json') return jsonLine;
  if (hasAtoms(format)) return compileAccessLogFormat(format);
  const parts = parseLogFormat(format).map(compilePart);
  return (record) => {
    let line = '';
    for (const part of parts) line += part(record);
    return line;
  };
}

function compilePart(part: LogFormatPart): Line {
  switch (part.kind) {
    case 'text': {
      const text = part.text.replace(/[\r\n]/g, ' ');
      return () => text;
    }
    case 'variable':
      return VARIABLES[part.name];
    case 'request-field':
      return (record) => optional(record.requestField(part.name));
    case 'response-field':
      return (record) => optional(record.responseField(part.name));
    case 'unknown':
      throw new Error(`there is no variable ${part.name}, which the configuration has checked`);
  }
}

const optional = (value: string | null): string => (value === null || value === '' ? ABSENT : escaped(value));

const timeLocal = compileAccessLogFormat('%(t)s');
const user = compileAccessLogFormat('%(u)s');

const VARIABLES: Readonly<Record<LogVariable, Line>> = {
  args: ({ query }) => optional(query),
  body_bytes_sent: ({ bodyBytes }) => String(bodyBytes),
  cache_status: ({ cacheStatus }) => cacheStatus ?? ABSENT,
  host: (record) => optional(hostOf(record)),
  msec: (record) => (endedAtMs(record) / 1000).toFixed(3),
  pid: ({ workerPid }) => (workerPid === null ? ABSENT : String(workerPid)),
  query: ({ query }) => optional(query),
  proxy_host: ({ upstream }) => optional(upstream?.proxyHost ?? null),
  queue_time: ({ queuedUs }) => seconds(queuedUs),
  remote_addr: ({ remoteAddress }) => (remoteAddress === '' ? 'unix:' : remoteAddress),
  remote_port: (record) => optional(record.environ('REMOTE_PORT')),
  remote_user: user,
  request: ({ requestLine }) => escaped(requestLine),
  request_id: (record) => optional(record.responseField('x-request-id')),
  request_method: ({ method }) => escaped(method),
  request_time: ({ durationUs }) => seconds(durationUs),
  request_uri: (record) => optional(record.environ('RAW_URI')),
  scheme: ({ scheme }) => scheme,
  server_name: (record) => optional(record.environ('SERVER_NAME')),
  server_port: (record) => optional(record.environ('SERVER_PORT')),
  server_protocol: ({ protocol }) => escaped(protocol),
  service_time: ({ serviceUs }) => seconds(serviceUs),
  status: ({ status }) => String(status),
  time_iso8601: (record) => new Date(endedAtMs(record)).toISOString(),
  time_local: (record) => timeLocal(record).slice(1, -1),
  upstream_addr: ({ upstream }) => optional(upstream?.addresses ?? null),
  upstream_cache_status: ({ cacheStatus }) => cacheStatus ?? ABSENT,
  upstream_response_time: ({ upstream }) => optional(upstream?.times ?? null),
  upstream_status: ({ upstream }) => optional(upstream?.statuses ?? null),
  uri: ({ path }) => escaped(path),
};

const endedAtMs = ({ startedAtMs, durationUs }: AccessRecord): number => startedAtMs + durationUs / 1000;

const hostOf = (record: AccessRecord): string | null =>
  record.environ('HTTP_HOST')?.replace(/:\d*$/, '').toLowerCase() ?? null;

/** As nginx: to a millisecond. */
const seconds = (us: number | null): string => (us === null ? ABSENT : (us / 1e6).toFixed(3));

/** One object a line; what is not known is null. */
function jsonLine(record: AccessRecord): string {
  return JSON.stringify({
    time: new Date(endedAtMs(record)).toISOString(),
    remote_addr: record.remoteAddress,
    remote_user: readable(record.authUser),
    host: readable(hostOf(record)),
    method: record.method,
    uri: readable(record.environ('RAW_URI')),
    protocol: record.protocol,
    status: record.status,
    body_bytes: record.bodyBytes,
    request_ms: ms(record.durationUs),
    queue_ms: ms(record.queuedUs),
    service_ms: ms(record.serviceUs),
    cache: record.cacheStatus,
    worker: record.workerPid,
    referer: readable(record.referer),
    user_agent: readable(record.userAgent),
    request_id: record.responseField('x-request-id'),
  });
}

const ms = (us: number | null): number | null => (us === null ? null : Math.round(us) / 1000);

/** Texts are bytes as latin-1, and mostly UTF-8. */
const readable = (text: string | null): string | null =>
  text === null ? null : Buffer.from(text, 'latin1').toString('utf8');
