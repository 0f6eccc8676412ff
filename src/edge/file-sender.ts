import { close, createReadStream, open } from 'node:fs';
import type { Socket } from 'node:net';
import type { FilePart } from '../handlers/exchange.ts';
import { noteBufferedBytes } from './buffer-relief.ts';

const PIECE_BYTES = 131072;

export interface FileSenderEvents {
  /** The file is open: the head can be written. Returns whether the bytes are wanted too. */
  opened(): boolean;
  sent(bytes: number): void;
  done(): void;
  failed(error: Error): void;
}

/** Sends part of a file at the client's speed, a piece at a time. */
export function sendFile(socket: Socket, part: FilePart, events: FileSenderEvents): void {
  open(part.path, 'r', (error, fd) => {
    part.opened();
    if (error !== null) return events.failed(error);
    if (!events.opened() || part.length === 0) {
      close(fd, () => {});
      events.done();
      return;
    }
    let missing = part.length;
    const stream = createReadStream('', {
      fd,
      start: part.offset,
      end: part.offset + part.length - 1,
      highWaterMark: PIECE_BYTES,
    });
    const onDrain = () => stream.resume();
    const onClose = () => stream.destroy();
    socket.on('drain', onDrain);
    socket.on('close', onClose);
    stream.on('data', (piece) => {
      missing -= piece.length;
      events.sent(piece.length);
      noteBufferedBytes(piece.length);
      if (!socket.write(piece)) stream.pause();
    });
    stream.on('error', (failure) => events.failed(failure));
    stream.on('close', () => {
      socket.off('drain', onDrain);
      socket.off('close', onClose);
      if (socket.destroyed) return;
      if (missing === 0) events.done();
      else events.failed(new Error(`${part.path} ended ${missing} bytes early`));
    });
  });
}
