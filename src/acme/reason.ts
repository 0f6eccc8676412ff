// What an authority says of a refusal. The library passes on the sentence alone; the rest is kept here until somebody asks.

import { axios } from 'acme-client';

interface Problem {
  /** urn:ietf:params:acme:error:rateLimited */
  readonly type: string;
  /** When it may be tried again; null: it is not said. */
  readonly retryAfterMs: number | null;
}

/** An authority that does not answer must not hold this process for ever. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Chains of certificates have some kilobytes. */
const MOST_BYTES = 1_048_576;
const MOST_PROBLEMS = 100;

const problems = new Map<string, Problem>();

/** Of the library's defaults what does not suit. */
export function prepareLibrary(): void {
  const defaults = axios.defaults as typeof axios.defaults & { acmeSettings: { retryMaxAttempts: number } };
  // It would wait for as long as a Retry-After says, and ask again.
  defaults.acmeSettings.retryMaxAttempts = 0;
  defaults.timeout = REQUEST_TIMEOUT_MS;
  defaults.maxContentLength = MOST_BYTES;
  // What has no response leaves its own handling without words: it gets them here.
  const plain = axios.create({ transformRequest: [asItIs], transformResponse: [asItIs] });
  defaults.adapter = async (config) => {
    try {
      const { transformRequest: _, transformResponse: __, ...rest } = config;
      return await plain.request({ ...rest, adapter: 'http' });
    } catch (error) {
      const { response, message, code } = error as Error & { response?: unknown; code?: string };
      if (response !== undefined) throw error;
      throw new Error(`${hostOf(config.url)} cannot be reached: ${message || code}`);
    }
  };
  axios.interceptors.response.use((response) => {
    if (response.status < 400) return response;
    const problem = problemIn(response.data) ?? {
      type: 'about:blank',
      detail: `${hostOf(response.config.url)} answers with ${response.status}`,
    };
    note(problem, response.headers);
    return { ...response, data: problem };
  });
}

const asItIs = (data: unknown): unknown => data;

const hostOf = (url: string | undefined): string => new URL(url ?? '').host;

/** null: it is none of RFC 7807. */
function problemIn(data: unknown): { type: string; detail: string } | null {
  const { type, detail } = Object(data) as Record<string, unknown>;
  return typeof type === 'string' && typeof detail === 'string' ? { type, detail } : null;
}

function note({ type, detail }: { type: string; detail: string }, headers: object): void {
  if (problems.size >= MOST_PROBLEMS) problems.clear();
  problems.set(detail.replaceAll('\n', ''), { type, retryAfterMs: retryAfterMs(headers) });
}

function retryAfterMs(headers: object): number | null {
  const text = String((headers as Record<string, unknown>)['retry-after'] ?? '');
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

export function problemOf(error: unknown): Problem | null {
  return problems.get((error as Error).message) ?? null;
}

const ERROR = 'urn:ietf:params:acme:error:';
const HINTS: Readonly<Record<string, string>> = {
  externalAccountRequired: 'give the file that has it as acme_eab',
  invalidContact: 'is acme_email right?',
  unsupportedContact: 'is acme_email right?',
};

/** A sentence without a full stop. */
export function reasonOf(error: unknown): string {
  const { message } = error as Error;
  const sentence = (message === '' ? 'it is not said why' : message).trim().replace(/\.$/, '');
  const hint = HINTS[problemOf(error)?.type.replace(ERROR, '') ?? ''];
  return `${sentence}${hint === undefined ? '' : `; ${hint}`}`.replaceAll(/\s+/g, ' ');
}
