// Directives that are no key of a kirin.toml: Kirin does so by itself, or otherwise, or not at all.

import type { Outcome } from '../report.ts';

type Row = readonly [outcome: Outcome, why: string];

const BY_ITSELF: Row = ['carried', 'Kirin does so by itself'];
const NOTHING_TO_SET: Row = ['carried', 'there is nothing to set'];
const IN_MEMORY: Row = ['carried', 'buffers have fixed sizes, and grow with no body'];
const UNWANTED: Row = ['missing', 'Kirin speaks HTTP alone: '];

export const NOTHING_TO_SET_FOR: Readonly<Record<string, Row>> = {
  absolute_redirect: ['differs', 'Location is a path where it may be; clients take it alike'],
  aio: BY_ITSELF,
  accept_mutex: NOTHING_TO_SET,
  autoindex_format: ['carried', 'who accepts JSON gets it'],
  brotli_static: BY_ITSELF,
  charset: ['carried', 'UTF-8 is said of every text'],
  charset_types: NOTHING_TO_SET,
  client_body_buffer_size: ['carried', 'the setting body_buffer_size, 64 KiB'],
  client_body_in_file_only: NOTHING_TO_SET,
  client_body_temp_path: NOTHING_TO_SET,
  client_header_buffer_size: IN_MEMORY,
  connection_pool_size: NOTHING_TO_SET,
  daemon: ['carried', 'under systemd nothing is a daemon; else --daemon'],
  default_type: ['differs', 'what has no known type is application/octet-stream'],
  directio: BY_ITSELF,
  etag: BY_ITSELF,
  events: NOTHING_TO_SET,
  fastcgi_buffers: IN_MEMORY,
  gzip_static: ['carried', 'precompressed siblings are used by default'],
  http2: BY_ITSELF,
  http2_max_concurrent_streams: NOTHING_TO_SET,
  if_modified_since: ['carried', 'conditions are answered by RFC 9110'],
  ignore_invalid_headers: ['differs', 'a field with a wrong name gets 400'],
  keepalive_disable: NOTHING_TO_SET,
  keepalive_requests: ['carried', 'connections are kept however many requests they had'],
  large_client_header_buffers: ['differs', 'the settings limit_request_line and limit_request_field_size'],
  limit_conn_log_level: NOTHING_TO_SET,
  limit_rate: ['missing', 'responses are not slowed down'],
  limit_rate_after: ['missing', 'responses are not slowed down'],
  limit_req_log_level: NOTHING_TO_SET,
  lingering_close: BY_ITSELF,
  lingering_time: BY_ITSELF,
  lingering_timeout: BY_ITSELF,
  load_module: ['missing', 'Kirin has no modules'],
  lock_file: NOTHING_TO_SET,
  log_not_found: ['carried', 'files that are not there are in no error log'],
  log_subrequest: NOTHING_TO_SET,
  map_hash_bucket_size: NOTHING_TO_SET,
  map_hash_max_size: NOTHING_TO_SET,
  max_ranges: NOTHING_TO_SET,
  merge_slashes: BY_ITSELF,
  msie_padding: NOTHING_TO_SET,
  multi_accept: NOTHING_TO_SET,
  open_file_cache: BY_ITSELF,
  open_file_cache_errors: BY_ITSELF,
  open_file_cache_min_uses: BY_ITSELF,
  open_file_cache_valid: ['carried', 'files are looked at again every second'],
  output_buffers: IN_MEMORY,
  pcre_jit: NOTHING_TO_SET,
  pid: ['carried', 'the setting pidfile, where something needs one'],
  port_in_redirect: ['differs', 'Location is a path where it may be; clients take it alike'],
  proxy_buffer_size: IN_MEMORY,
  proxy_buffers: IN_MEMORY,
  proxy_busy_buffers_size: IN_MEMORY,
  proxy_cache_lock_age: NOTHING_TO_SET,
  proxy_headers_hash_bucket_size: NOTHING_TO_SET,
  proxy_headers_hash_max_size: NOTHING_TO_SET,
  proxy_http_version: ['carried', 'HTTP/1.1'],
  proxy_ignore_client_abort: ['differs', 'a request whose client has left is given up'],
  proxy_max_temp_file_size: ['carried', 'the setting response_spool_size'],
  proxy_pass_header: ['differs', 'Date and Server are Kirin’s own'],
  proxy_pass_request_body: ['missing', 'bodies are always passed on'],
  proxy_pass_request_headers: NOTHING_TO_SET,
  proxy_socket_keepalive: NOTHING_TO_SET,
  proxy_temp_file_write_size: IN_MEMORY,
  proxy_temp_path: NOTHING_TO_SET,
  read_ahead: BY_ITSELF,
  recursive_error_pages: NOTHING_TO_SET,
  request_pool_size: NOTHING_TO_SET,
  reset_timedout_connection: BY_ITSELF,
  resolver: ['carried', "names are asked of the system's resolver, and again as they change"],
  resolver_timeout: NOTHING_TO_SET,
  sendfile: BY_ITSELF,
  sendfile_max_chunk: NOTHING_TO_SET,
  server_name_in_redirect: NOTHING_TO_SET,
  server_names_hash_bucket_size: NOTHING_TO_SET,
  server_names_hash_max_size: NOTHING_TO_SET,
  server_tokens: ['carried', 'no version is told'],
  ssl_buffer_size: NOTHING_TO_SET,
  ssl_dhparam: ['carried', 'key exchanges are by elliptic curves'],
  ssl_early_data: ['differs', 'there is no early data: it can be replayed'],
  ssl_ecdh_curve: ['carried', 'those of OpenSSL’s default, X25519 first'],
  ssl_prefer_server_ciphers: [
    'carried',
    "the client's choice, as Mozilla advises: all that are offered are good",
  ],
  ssl_session_cache: BY_ITSELF,
  ssl_session_ticket_key: NOTHING_TO_SET,
  ssl_session_tickets: ['carried', 'tickets have keys that are in memory alone, and new every day'],
  ssl_session_timeout: ['carried', 'sessions are taken up for five minutes'],
  ssl_stapling: ['differs', 'what the authority says is not fetched: `ocsp` of `tls` names a file with it'],
  ssl_stapling_verify: NOTHING_TO_SET,
  ssl_verify_depth: NOTHING_TO_SET,
  stream: [UNWANTED[0], `${UNWANTED[1]}it forwards no TCP or UDP`],
  mail: [UNWANTED[0], `${UNWANTED[1]}it is no mail proxy`],
  stub_status: ['missing', 'numbers are at PATH/metrics, as JSON, with the setting health_path = "PATH"'],
  tcp_nodelay: BY_ITSELF,
  tcp_nopush: BY_ITSELF,
  thread_pool: NOTHING_TO_SET,
  timer_resolution: NOTHING_TO_SET,
  types: ['differs', 'media types are those of the registry'],
  types_hash_bucket_size: NOTHING_TO_SET,
  types_hash_max_size: NOTHING_TO_SET,
  underscores_in_headers: ['differs', 'such a field is handled by the setting header_map'],
  use: NOTHING_TO_SET,
  variables_hash_bucket_size: NOTHING_TO_SET,
  variables_hash_max_size: NOTHING_TO_SET,
  worker_aio_requests: NOTHING_TO_SET,
  worker_connections: ['carried', 'there is no limit but that of open files'],
  worker_cpu_affinity: NOTHING_TO_SET,
  worker_priority: NOTHING_TO_SET,
  worker_processes: ['carried', 'one process holds all connections; `workers` are those of an application'],
  worker_rlimit_core: NOTHING_TO_SET,
  worker_rlimit_nofile: ['carried', 'the hard limit of the service holds: LimitNOFILE'],
  worker_shutdown_timeout: ['carried', 'the setting graceful_timeout'],
};

/** What passes requests on by another protocol than HTTP. */
export const PROGRAMS = ['uwsgi_pass', 'fastcgi_pass', 'scgi_pass', 'grpc_pass'];

/** What stands behind a server by another protocol than HTTP. */
export function otherProtocol(directive: string): string {
  if (directive.startsWith('uwsgi_')) {
    return 'uWSGI is not spoken to; with --app MODULE:NAME Kirin runs the application itself';
  }
  const name = directive.slice(0, directive.indexOf('_'));
  return `${OTHER_PROTOCOLS[name] ?? name} is not spoken: leave it to a server that does, behind \`proxy\``;
}

const OTHER_PROTOCOLS: Readonly<Record<string, string>> = {
  fastcgi: 'FastCGI',
  scgi: 'SCGI',
  grpc: 'gRPC',
  memcached: "memcached's protocol",
};

export const OF_OTHER_PROTOCOLS = /^(fastcgi|uwsgi|scgi|grpc|memcached)_/;

/** Directives that are told with why they have no equivalent. */
export const NO_EQUIVALENT: Readonly<Record<string, string>> = {
  auth_request_set: 'requests are not asked about elsewhere',
  proxy_cookie_domain: 'cookies are passed on as they are',
  proxy_cookie_flags: 'cookies are passed on as they are',
  proxy_cookie_path: 'cookies are passed on as they are',
  map: 'there are no maps; the one of $connection_upgrade is not needed',
  geo: 'there are no tables of addresses',
  slice: 'files are not cut up',
  split_clients: 'requests are not split at random',
  sub_filter: 'bodies are not changed',
  sub_filter_once: 'bodies are not changed',
  sub_filter_types: 'bodies are not changed',
  valid_referers: 'referrers are not looked at',
};
