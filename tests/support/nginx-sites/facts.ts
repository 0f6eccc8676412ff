import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Told } from './backend.ts';

export interface Shown {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** What a response shows, by names. */
export type Facts = Readonly<Record<string, string>>;

/** What is another one by chance, or each time. */
const NOT_COMPARED = new Set([
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'expires',
  'etag',
]);

/** `named`: texts that stand for what is another one in each run, such as a port. */
export function factsOf(
  response: Shown,
  named: readonly (readonly [text: string, name: string])[],
  isSpread: boolean,
): Facts {
  const plain = (text: string): string =>
    named.reduce((result, [from, to]) => result.replaceAll(from, to), text);
  const facts: Record<string, string> = { status: String(response.status) };
  const fields = new Map<string, string[]>();
  for (const [name, value] of response.fields) {
    const known = name.toLowerCase();
    fields.set(known, [...(fields.get(known) ?? []), plain(value)]);
  }
  for (const [name, values] of fields) {
    if (NOT_COMPARED.has(name)) facts[`has ${name}`] = 'yes';
    else facts[`field ${name}`] = values.join(', ');
  }
  for (const name of [
    'has date',
    'has connection',
    'has keep-alive',
    'has transfer-encoding',
    'has content-length',
  ])
    delete facts[name];
  const text = plain(contentOf(response, fields.get('content-encoding')?.[0]));
  const isTold = fields.get('content-type')?.[0] === 'application/json' && text.startsWith('{"backend"');
  if (isTold) Object.assign(facts, toldFacts(JSON.parse(text) as Told, isSpread));
  else facts.body = text;
  if (isSpread) delete facts['field x-backend'];
  return facts;
}

function contentOf({ body }: Shown, coding: string | undefined): string {
  if (coding === 'gzip') return gunzipSync(body).toString('latin1');
  if (coding === 'br') return brotliDecompressSync(body).toString('latin1');
  return body.toString('latin1');
}

function toldFacts({ backend, method, url, fields, body }: Told, isSpread: boolean): Facts {
  const asked = Object.entries(fields).filter(
    ([name]) => name !== 'connection' && name !== 'content-length' && name !== 'transfer-encoding',
  );
  return {
    ...(isSpread ? {} : { backend }),
    asked: `${method} ${url} ${body}`,
    ...Object.fromEntries(asked.map(([name, value]) => [`asked ${name}`, value])),
  };
}

export interface Difference {
  /** Which request, and which fact. */
  readonly request: string;
  readonly fact: string;
  /** undefined: it is not there. */
  readonly nginx: string | undefined;
  readonly kirin: string | undefined;
}

export function compare(request: string, nginx: Facts, kirin: Facts): readonly Difference[] {
  const names = [...new Set([...Object.keys(nginx), ...Object.keys(kirin)])];
  return names
    .filter((fact) => nginx[fact] !== kirin[fact])
    .map((fact) => ({ request, fact, nginx: nginx[fact], kirin: kirin[fact] }));
}

export function described({ request, fact, nginx, kirin }: Difference): string {
  const shown = (text: string | undefined) =>
    text === undefined ? 'nothing' : JSON.stringify(text.slice(0, 200));
  return `${request}: ${fact}\n      nginx: ${shown(nginx)}\n      Kirin: ${shown(kirin)}`;
}
