// One check: a GET request to a server.

import type { RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { withResolver } from '../../base/with-resolver.ts';
import type { HealthCheckSpec } from '../../protocol/supervision/upstream.ts';
import type { Secure } from '../connection.ts';
import type { EndpointAddress } from '../upstream.ts';
import type { Finding } from './verdict.ts';

export interface Check {
  readonly finding: Promise<Finding>;
  /** Its finding does not matter any more. */
  cancel(): void;
}

/**
 * @param host of the Host field
 * @param secure makes a socket one of TLS; null: plain text
 */
export function ask(
  address: EndpointAddress,
  host: string,
  spec: HealthCheckSpec,
  secure: Secure | null = null,
): Check {
  const given = new AbortController();
  return { finding: answer(address, host, spec, secure, given.signal), cancel: () => given.abort() };
}

async function answer(
  address: EndpointAddress,
  host: string,
  spec: HealthCheckSpec,
  secure: Secure | null,
  signal: AbortSignal,
): Promise<Finding> {
  // Loaded late: only those who check health pay for it.
  const { request } = await import('node:http');
  const { promise, resolve } = withResolver<Finding>();
  const options: RequestOptions = {
    // One of its own: what it asks is also whether a connection can be made.
    createConnection: () => {
      const socket =
        address.kind === 'unix' ? connect(address.path) : connect(spec.port ?? address.port, address.host);
      if (secure === null) return socket;
      const encrypted = secure(socket);
      socket.on('error', (error) => encrypted.destroy(error));
      encrypted.on('close', () => socket.destroy());
      return encrypted;
    },
    path: spec.path,
    headers: { Host: host, 'User-Agent': 'kirin health check', Accept: '*/*', Connection: 'close' },
    signal,
  };
  const question = request(options, (response) => {
    const status = response.statusCode ?? 0;
    const isGood = spec.statuses.some(([from, to]) => status >= from && status <= to);
    resolve(isGood ? null : `it answered ${status}`);
    response.on('error', () => {});
    // The status says all, however long the body is.
    question.destroy();
  });
  const timer = setTimeout(() => {
    resolve(`it did not answer within ${spec.timeoutMs / 1000} s`);
    question.destroy();
  }, spec.timeoutMs);
  question.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  question.end();
  const finding = await promise;
  clearTimeout(timer);
  return finding;
}
