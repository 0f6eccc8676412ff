import type { AccessRecord } from './access-record.ts';
import type { RelayClient } from './relay-client.ts';
import type { RequestSink } from './request-sink.ts';

/** What comes within this time is told together: of what is counted StatsD wants the sum. */
const GATHER_MS = 100;
const MAX_GATHERED_CHARACTERS = 32_768;

/** Requests as Gunicorn's metrics of StatsD. The prefix and the tags are the relay's. */
export class RequestMeter implements RequestSink {
  readonly #relay: RelayClient;
  #durations = '';
  #requests = 0;
  readonly #statuses = new Map<number, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(relay: RelayClient) {
    this.#relay = relay;
  }

  write({ durationUs, status }: AccessRecord): void {
    this.#durations += `gunicorn.request.duration:${pythonFloat(Math.floor(durationUs) / 1000)}|ms\n`;
    this.#requests++;
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (this.#durations.length > MAX_GATHERED_CHARACTERS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#requests === 0) return;
    let text = `${this.#durations}gunicorn.requests:${this.#requests}|c|@1.0`;
    for (const [status, count] of this.#statuses) {
      text += `\ngunicorn.request.status.${status}:${count}|c|@1.0`;
    }
    this.#relay.send({ type: 'metrics', text });
    this.#durations = '';
    this.#requests = 0;
    this.#statuses.clear();
  }
}

const pythonFloat = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));
