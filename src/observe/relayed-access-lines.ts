import type { AccessLineWriter } from './access-log.ts';
import { atomsOf } from './access-log-format.ts';
import type { AccessRecord } from './access-record.ts';
import type { RelayClient } from './relay-client.ts';

/** Lines of the access log on their way to the relay, and what they are made of where a formatter or a filter may look at it. */
export class RelayedAccessLines implements AccessLineWriter {
  readonly #relay: RelayClient;
  readonly #wantsAtoms: boolean;

  constructor(relay: RelayClient, wantsAtoms: boolean) {
    this.#relay = relay;
    this.#wantsAtoms = wantsAtoms;
  }

  write(line: string, record: AccessRecord): void {
    const { workerPid, startedAtMs, durationUs } = record;
    const at = (startedAtMs + durationUs / 1e3) / 1e3;
    const base = { type: 'access', line, pid: workerPid ?? process.pid, at } as const;
    this.#relay.send(this.#wantsAtoms ? { ...base, atoms: atomsOf(record) } : base);
  }

  reopen(): void {}

  close(): void {}
}
