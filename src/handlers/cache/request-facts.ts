import { type Directives, NO_DIRECTIVES, parseCacheControl } from '../../protocol/fields/cache-control.ts';
import type { FieldBlock } from '../../protocol/http1/field-block.ts';
import type { Exchange } from '../exchange.ts';

/** What a cache wants to know of a request, read in one pass over its fields. */
export interface RequestFacts {
  readonly directives: Directives;
  readonly hasAuthorization: boolean;
  /** If-… or Range. */
  readonly isConditional: boolean;
  /** It is about the connection, not about a response. */
  readonly upgrades: boolean;
  /** Fields that applications and frameworks heed without a Vary, with their values. */
  readonly unspoken: string;
  /** See StoredFacts. */
  readonly route: string;
  readonly fields: FieldBlock;
  valueOf(name: string): string;
}

type Meaning =
  | 'cache-control'
  | 'pragma'
  | 'authorization'
  | 'condition'
  | 'upgrade'
  | 'connection'
  | 'unspoken'
  | 'relayed';

/**
 * The fields that cache-key poisoning is done with (https://portswigger.net/research/practical-web-cache-poisoning): what they change is kept apart,
 * as if the response had named them in Vary.
 */
const UNSPOKEN = [
  'front-end-https',
  'x-forwarded-host',
  'x-forwarded-path',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-protocol',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-forwarded-uri',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-uri',
  'x-original-url',
  'x-rewrite-url',
  'x-script-name',
  'x-url-scheme',
];

const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['cache-control', 'cache-control'],
  ['pragma', 'pragma'],
  ['authorization', 'authorization'],
  ['range', 'condition'],
  ['if-match', 'condition'],
  ['if-none-match', 'condition'],
  ['if-modified-since', 'condition'],
  ['if-unmodified-since', 'condition'],
  ['if-range', 'condition'],
  ['upgrade', 'upgrade'],
  ['connection', 'connection'],
  ['forwarded', 'relayed'],
  ...UNSPOKEN.map((name) => [name, 'unspoken'] as const),
]);

export function requestFacts({ head, peer }: Exchange, obeysClients: boolean, route: string): RequestFacts {
  const { fields } = head;
  const { names, values } = fields;
  let cacheControl: string[] | null = null;
  let hasPragma = false;
  let hasAuthorization = false;
  let isConditional = false;
  let upgrades = false;
  let unspoken = '';
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] as string;
    switch (MEANINGS.get(name)) {
      case undefined:
        break;
      case 'cache-control':
        cacheControl ??= [];
        cacheControl.push(values[index] as string);
        break;
      case 'pragma':
        hasPragma ||= (values[index] as string).toLowerCase().includes('no-cache');
        break;
      case 'authorization':
        hasAuthorization = true;
        break;
      case 'condition':
        isConditional = true;
        break;
      case 'upgrade':
        upgrades = true;
        break;
      case 'connection':
        // A proxy leaves out the fields that it names, so an upstream would answer without what the client says in them.
        if (namesFields(values[index] as string)) unspoken += `${name}: ${values[index]}\n`;
        break;
      case 'relayed':
        // A trusted proxy names each client in it.
        if (!peer.rules.isTrusted) unspoken += `${name}: ${values[index]}\n`;
        break;
      case 'unspoken':
        unspoken += `${name}: ${values[index]}\n`;
        break;
    }
  }
  const said = cacheControl === null ? (hasPragma ? ['no-cache'] : null) : cacheControl;
  const directives = said === null || !obeysClients ? NO_DIRECTIVES : parseCacheControl(said);
  return {
    directives,
    hasAuthorization,
    isConditional,
    upgrades,
    unspoken,
    route,
    fields,
    valueOf: (name) => joined(fields, name),
  };
}

/** What is about the connection alone. */
const OPTIONS = new Set(['', 'close', 'http2-settings', 'keep-alive', 'te', 'upgrade']);

function namesFields(connection: string): boolean {
  return !connection.split(',').every((option) => OPTIONS.has(option.trim().toLowerCase()));
}

/** RFC 9110 5.3. */
function joined({ names, values }: FieldBlock, name: string): string {
  const first = names.indexOf(name);
  if (first === -1) return '';
  if (!names.includes(name, first + 1)) return values[first] as string;
  return values.filter((_, index) => names[index] === name).join(', ');
}
