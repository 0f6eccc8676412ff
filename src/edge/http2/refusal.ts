import type { StreamTaker } from '../../protocol/http2/stream.ts';
import { StreamSink } from './stream-sink.ts';

/** The page for a request that cannot be read, while its client takes it. */
export class Refusal extends StreamSink implements StreamTaker {
  takeData(): void {}
  takeEnd(): void {}

  takeClose(): void {
    this.noteClosed();
  }
}
