import { diskGate } from '../../files/disk-gate.ts';

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** A call to the system, through the gate that keeps a disk that hangs from holding up everything else. */
export function gated<T>(call: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    diskGate.ask<T>(
      (done) => call(done),
      (error, value) => {
        if (error === null) resolve(value);
        else reject(error);
      },
    );
  });
}

/** The same, for calls that give nothing back. */
export function gatedVoid(
  call: (done: (error: NodeJS.ErrnoException | null) => void) => void,
): Promise<void> {
  return gated<void>((done) => call((error) => done(error, undefined)));
}
