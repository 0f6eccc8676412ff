import type { AccessLineWriter } from './access-log.ts';
import type { AccessRecord } from './access-record.ts';
import type { RelayClient } from './relay-client.ts';

/** Lines of the access log on their way to the relay. */
export class RelayedAccessLines implements AccessLineWriter {
  readonly #relay: RelayClient;

  constructor(relay: RelayClient) {
    this.#relay = relay;
  }

  write(line: string, { workerPid, startedAtMs, durationUs }: AccessRecord): void {
    const at = (startedAtMs + durationUs / 1e3) / 1e3;
    this.#relay.send({ type: 'access', line, pid: workerPid ?? process.pid, at });
  }

  reopen(): void {}

  close(): void {}
}
