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
const MOST_PROBLEMS = 100;

const problems = new Map<string, Problem>();

/** Of the library's defaults what does not suit. */
export function prepareLibrary(): void {
  const defaults = axios.defaults as typeof axios.defaults & { acmeSettings: { retryMaxAttempts: number } };
  // It would wait for as long as a Retry-After says, and ask again.
  defaults.acmeSettings.retryMaxAttempts = 0;
  defaults.timeout = REQUEST_TIMEOUT_MS;
  // What has no response leaves its own handling without words: it gets them here.
  const plain = axios.create({ transformRequest: [asItIs], transformResponse: [asItIs] });
  defaults.adapter = async (config) => {
    try {
      const { transformRequest: _, transformResponse: __, ...rest } = config;
      return await plain.request({ ...rest, adapter: 'http' });
    } catch (error) {
      const { response, message, code } = error as Error & { response?: unknown; code?: string };
      if (response !== undefined) throw error;
      throw new Error(`${new URL(config.url ?? '').host} cannot be reached: ${message || code}`);
    }
  };
  axios.interceptors.response.use((response) => {
    noteProblem(response.data, response.headers);
    return response;
  });
}

const asItIs = (data: unknown): unknown => data;

function noteProblem(data: unknown, headers: object): void {
  const { error, ...own } = Object(data) as { error?: object };
  const { type, detail } = (error ?? own) as Record<string, unknown>;
  if (typeof type !== 'string' || typeof detail !== 'string') return;
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

/** A sentence without a full stop. */
export function reasonOf(error: unknown): string {
  const { message } = error as Error;
  return (message === '' ? 'it is not said why' : message).trim().replace(/\.$/, '').replaceAll(/\s+/g, ' ');
}
