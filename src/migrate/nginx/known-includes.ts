// Files that come with nginx or certbot, as Debian ships them.

const PROXY_PARAMS = `
proxy_set_header Host $http_host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
`;

const CERTBOT = `
ssl_session_cache shared:le_nginx_SSL:10m;
ssl_session_timeout 1440m;
ssl_session_tickets off;
ssl_protocols TLSv1.2 TLSv1.3;
ssl_prefer_server_ciphers off;
`;

/** Kirin has its own tables, or no use for them. */
const NOT_NEEDED =
  /(^|\/)(mime\.types|fastcgi_params|fastcgi\.conf|uwsgi_params|scgi_params|modules-enabled\/.*)$/;

/** What such a file says, also where it is not to be found; `nothing`: it is not even read. null: it is not known. */
export function includedWithoutFile(path: string): string | 'nothing' | null {
  if (NOT_NEEDED.test(path)) return 'nothing';
  if (/(^|\/)proxy_params$/.test(path)) return PROXY_PARAMS;
  if (/(^|\/)options-ssl-nginx\.conf$/.test(path)) return CERTBOT;
  return null;
}

export function isNotNeeded(path: string): boolean {
  return NOT_NEEDED.test(path);
}
