import { connect } from 'node:net';
import { within } from './wait-for.ts';

export interface Flood {
  readonly head: string;
  /** Sent again and again behind the head. */
  readonly unit?: string;
  /** What is behind all of them. */
  readonly tail?: string;
  /** null: for ever. */
  readonly times?: number | null;
}

export interface FloodEnd {
  /** All that was answered. */
  readonly answer: string;
  readonly sentBytes: number;
}

const PIECE_BYTES = 65_536;
/** No buffer of the system's holds as much. */
const ENOUGH_BYTES = 256 << 20;

/** Sends all of it, and waits until the server closes the connection; what goes on for ever must be ended by the server. */
export async function flood(
  port: number,
  { head, unit = '', tail = '', times = null }: Flood,
): Promise<FloodEnd> {
  const perPiece = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, unit.length)));
  const piece = Buffer.from(unit.repeat(perPiece), 'latin1');
  let missing = unit === '' ? 0 : (times ?? Number.POSITIVE_INFINITY);
  let answer = '';
  let sentBytes = head.length;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const over = new Promise<void>((resolve, reject) => {
    // A reset by a server that has answered is an end like any other.
    socket.on('error', () => resolve()).on('close', () => resolve());
    socket.on('end', () => {
      socket.destroy();
      resolve();
    });
    socket.on('data', (data: Buffer) => {
      answer += data.toString('latin1');
    });
    const goOn = () => {
      while (missing > 0) {
        if (sentBytes > ENOUGH_BYTES) {
          socket.destroy();
          reject(new Error('it takes everything'));
          return;
        }
        const bytes = missing >= perPiece ? piece : piece.subarray(0, missing * unit.length);
        missing -= perPiece;
        sentBytes += bytes.length;
        if (missing > 0 && !socket.write(bytes)) return;
        if (missing <= 0) socket.write(bytes);
      }
      missing = 0;
      socket.off('drain', goOn);
      if (tail !== '') socket.write(tail);
    };
    socket.write(head);
    socket.on('drain', goOn);
    goOn();
  });
  await within(60_000, 'the end of a connection', over, () => answer.slice(0, 1000));
  return { answer, sentBytes };
}
