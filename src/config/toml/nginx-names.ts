// What people know from nginx, who write it here by habit.

/** Where it stands here: the first of these that the table may have. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  add_header: ['add_headers'],
  alias: ['files'],
  auth_basic: ['basic_auth'],
  auth_basic_user_file: ['basic_auth'],
  autoindex: ['listing', 'files'],
  client_body_timeout: ['body_timeout'],
  client_header_timeout: ['header_timeout'],
  client_max_body_size: ['max_body', 'limit_request_body'],
  error_log: ['errorlog'],
  error_page: ['error_pages'],
  gzip: ['compress'],
  ip_hash: ['balance'],
  keepalive_timeout: ['keepalive'],
  least_conn: ['balance'],
  limit_conn: ['connection_limit'],
  limit_req: ['rate_limit'],
  listen: ['bind'],
  location: ['path', 'routes', 'sites'],
  proxy_buffering: ['buffering', 'proxy'],
  proxy_cache: ['cache'],
  proxy_cache_bypass: ['bypass', 'cache'],
  proxy_cache_path: ['caches'],
  proxy_cache_valid: ['valid', 'cache'],
  proxy_connect_timeout: ['connect_timeout', 'proxy'],
  proxy_hide_header: ['hide_headers', 'proxy'],
  proxy_no_cache: ['no_store', 'cache'],
  proxy_pass: ['to', 'proxy'],
  proxy_read_timeout: ['silence_timeout', 'proxy'],
  proxy_redirect: ['redirects', 'proxy'],
  proxy_request_buffering: ['request_buffering', 'proxy'],
  proxy_set_header: ['set_headers', 'proxy'],
  return: ['respond'],
  root: ['files'],
  server: ['servers', 'sites'],
  server_name: ['hosts'],
  ssl_certificate: ['certificate', 'tls', 'certfile'],
  ssl_certificate_key: ['key', 'tls', 'keyfile'],
  ssl_client_certificate: ['client_ca', 'tls', 'ca_certs'],
  try_files: ['try', 'files'],
  upstream: ['upstreams'],
  worker_processes: ['workers'],
};

/** null: it is none of nginx's, or there is nothing for it in this table. */
export function placeOfNginxName(key: string, known: readonly string[]): string | null {
  if (!Object.hasOwn(PLACES, key)) return null;
  return PLACES[key]?.find((name) => known.includes(name)) ?? null;
}
