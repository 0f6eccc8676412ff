import { type BigIntStats, fstat, read } from 'node:fs';
import { diskGate } from './disk-gate.ts';
import { type FileIdentity, identityOf, isSame } from './representation.ts';

/** The content of an open file; null when it is not, or no longer, in the state that `identity` tells. Never rejects. */
export function readWhole(fd: number, identity: FileIdentity): Promise<Buffer | null> {
  const content = Buffer.allocUnsafeSlow(Number(identity.size));
  return new Promise((resolve) => {
    const readFrom = (offset: number): void => {
      if (offset === content.length) {
        void currentIdentity(fd).then((now) =>
          resolve(now !== null && isSame(now, identity) ? content : null),
        );
        return;
      }
      diskGate.ask<number>(
        (done) => read(fd, content, offset, content.length - offset, offset, done),
        (error, bytes) => {
          if (error !== null || bytes === 0) resolve(null);
          else readFrom(offset + bytes);
        },
      );
    };
    readFrom(0);
  });
}

/** The state of an open file; null: it cannot be told. Never rejects. */
export function currentIdentity(fd: number): Promise<FileIdentity | null> {
  return new Promise((resolve) =>
    diskGate.ask<BigIntStats>(
      (done) => fstat(fd, { bigint: true }, done),
      (error, facts) => resolve(error === null ? identityOf(facts) : null),
    ),
  );
}
