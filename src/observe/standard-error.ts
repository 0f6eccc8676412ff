import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';

const STDERR_FD = 2;

/**
 * Replaces `process.stderr`, which makes a pipe or socket non-blocking when it is first used: for every process that shares it, so
 * that lines of workers and of the application would be lost whenever the reader is slow. Node itself uses it whenever
 * a connection closes (net.Socket's _destroy compares with it).
 */
export function keepStandardErrorBlocking(): void {
  if (isatty(STDERR_FD)) return;
  const stream = new Writable({
    write(bytes: Buffer, _encoding, done) {
      try {
        for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(writeSync(STDERR_FD, rest));
      } catch {
        // Nobody can be told.
      }
      done();
    },
  });
  Object.defineProperty(process, 'stderr', { value: stream, configurable: true, enumerable: true });
}
