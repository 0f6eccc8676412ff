import type { AccessRecord } from './access-record.ts';

/** Who wants to know of each exchange that is over. */
export interface RequestSink {
  write(record: AccessRecord): void;
}

/** One for all of them; null: nobody wants to know. */
export function allOf(sinks: readonly RequestSink[]): RequestSink | null {
  const [only = null] = sinks;
  if (sinks.length <= 1) return only;
  return {
    write(record) {
      for (const sink of sinks) sink.write(record);
    },
  };
}
