// Names of nginx's directives, as far as they are known here: what a word at the beginning of a line is taken for when a semicolon is missing.

export const TAKES_BLOCK: ReadonlySet<string> = new Set([
  'http',
  'server',
  'location',
  'upstream',
  'events',
  'if',
  'map',
  'geo',
  'types',
  'limit_except',
  'split_clients',
  'stream',
  'mail',
]);

/** What stands in their blocks are no directives. */
export const HOLDS_DATA: ReadonlySet<string> = new Set(['map', 'geo', 'types', 'split_clients']);

/** They often go over several lines. */
export const TAKES_LINES: ReadonlySet<string> = new Set([
  'log_format',
  'ssl_ciphers',
  'gzip_types',
  'add_header',
  'if',
  'types',
]);

const SIMPLE = `
absolute_redirect access_log add_header alias allow auth_basic auth_basic_user_file auth_request autoindex autoindex_exact_size
autoindex_format autoindex_localtime break charset client_body_buffer_size client_body_temp_path client_body_timeout
client_header_buffer_size client_header_timeout client_max_body_size daemon default_type deny error_log error_page etag expires
fastcgi_pass gunzip gzip gzip_buffers gzip_comp_level gzip_disable gzip_http_version gzip_min_length gzip_proxied gzip_static gzip_types
gzip_vary http2 if_modified_since include index internal ip_hash keepalive keepalive_requests keepalive_timeout
large_client_header_buffers least_conn limit_conn limit_conn_zone limit_rate limit_req limit_req_status limit_req_zone lingering_close
listen log_format log_not_found merge_slashes mime_types multi_accept open_file_cache pid proxy_buffer_size proxy_buffering proxy_buffers
proxy_busy_buffers_size proxy_cache proxy_cache_bypass proxy_cache_key proxy_cache_path proxy_cache_use_stale proxy_cache_valid
proxy_connect_timeout proxy_hide_header proxy_http_version proxy_ignore_headers proxy_intercept_errors proxy_next_upstream
proxy_pass proxy_pass_header proxy_pass_request_headers proxy_read_timeout proxy_redirect proxy_request_buffering proxy_send_timeout proxy_set_header
proxy_ssl_server_name proxy_ssl_verify proxy_temp_path real_ip_header real_ip_recursive reset_timedout_connection resolver return
rewrite root satisfy send_timeout sendfile server_name server_name_in_redirect server_names_hash_bucket_size server_tokens set
set_real_ip_from ssl ssl_buffer_size ssl_certificate ssl_certificate_key ssl_ciphers ssl_client_certificate ssl_dhparam ssl_ecdh_curve ssl_prefer_server_ciphers
ssl_protocols ssl_session_cache ssl_session_tickets ssl_session_timeout ssl_stapling ssl_stapling_verify ssl_trusted_certificate
ssl_verify_client ssl_verify_depth stub_status sub_filter tcp_nodelay tcp_nopush try_files types_hash_max_size underscores_in_headers uwsgi_param uwsgi_pass user
worker_connections worker_processes worker_rlimit_nofile zone disable_symlinks limit_conn_status proxy_cache_background_update
proxy_cache_lock proxy_cache_lock_timeout proxy_cache_methods proxy_cache_min_uses proxy_cache_revalidate proxy_intercept_errors
proxy_next_upstream_timeout proxy_next_upstream_tries proxy_no_cache proxy_ssl_certificate proxy_ssl_certificate_key proxy_ssl_name
proxy_ssl_protocols proxy_ssl_session_reuse proxy_ssl_trusted_certificate rewrite_log`;

export const DIRECTIVES: readonly string[] = [...TAKES_BLOCK, ...SIMPLE.trim().split(/\s+/)];
const KNOWN: ReadonlySet<string> = new Set(DIRECTIVES);

export function isDirective(name: string): boolean {
  return KNOWN.has(name);
}
