// Texts with $variables, which kirin.toml may have where a value is worked out for each request. The names are nginx's, where it has one.

/** Whole names. `$1` to `$9` are the groups of the route's pattern. */
export const VARIABLES = [
  'args',
  'cache_status',
  'content_length',
  'content_type',
  'host',
  'http_host',
  'is_args',
  'path',
  'proxy_add_x_forwarded_for',
  'proxy_host',
  'query',
  'remote_addr',
  'remote_port',
  'remote_user',
  'request_id',
  'request_method',
  'request_uri',
  'scheme',
  'server_addr',
  'server_name',
  'server_port',
  'server_protocol',
  'upstream_addr',
  'upstream_response_time',
  'upstream_status',
  'upstream_cache_status',
  'uri',
] as const;

/** Beginnings of names: `$http_user_agent`, `$cookie_session`, `$arg_page`. */
export const VARIABLE_FAMILIES = ['http_', 'cookie_', 'arg_'] as const;

export type Variable = (typeof VARIABLES)[number];
export type VariableFamily = (typeof VARIABLE_FAMILIES)[number];

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  /** From 1. */
  | { readonly kind: 'group'; readonly number: number }
  | { readonly kind: 'variable'; readonly name: Variable }
  /** `member`: what follows the family's name. */
  | { readonly kind: 'family'; readonly family: VariableFamily; readonly member: string }
  | { readonly kind: 'unknown'; readonly name: string };

/** `$name` or `${name}`; a dollar before anything else is a dollar. */
const REFERENCE = /\$(?:(\w+)|\{(\w+)\})/g;

export function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  for (const match of template.matchAll(REFERENCE)) {
    if (match.index > end) parts.push({ kind: 'text', text: template.slice(end, match.index) });
    end = match.index + match[0].length;
    parts.push(...references(match[1] ?? match[2] ?? '', match[2] !== undefined));
  }
  if (end < template.length) parts.push({ kind: 'text', text: template.slice(end) });
  return parts;
}

/** `$1abc` is the first group, and a text behind it. */
function references(name: string, isBraced: boolean): readonly TemplatePart[] {
  const [, digit, rest = ''] = /^([1-9])(\w*)$/.exec(name) ?? [];
  if (digit === undefined) return [named(name)];
  if (rest === '') return [{ kind: 'group', number: Number(digit) }];
  if (isBraced) return [{ kind: 'unknown', name }];
  return [
    { kind: 'group', number: Number(digit) },
    { kind: 'text', text: rest },
  ];
}

function named(name: string): TemplatePart {
  if (isVariable(name)) return { kind: 'variable', name };
  const family = VARIABLE_FAMILIES.find((prefix) => name.startsWith(prefix) && name.length > prefix.length);
  if (family === undefined) return { kind: 'unknown', name };
  return { kind: 'family', family, member: name.slice(family.length) };
}

function isVariable(name: string): name is Variable {
  return (VARIABLES as readonly string[]).includes(name);
}
