import type { OutBuffer, Slabs } from '../../../../src/protocol/http2/out-buffer.ts';
import { SLAB_BYTES } from '../../../../src/protocol/http2/out-buffer.ts';
import { Sender } from '../../../../src/protocol/http2/sender.ts';
import { type Frame, framesIn } from '../../../support/http2-frames.ts';

export const SLABS: Slabs = { borrow: () => Buffer.alloc(SLAB_BYTES, 0xee) };

/** Of which nobody is told anything. */
export function quietSender(): Sender {
  return new Sender(SLABS, { outputBegun: () => {}, streamSent: () => {} });
}

/** All that is there to be sent, which the system then has. */
export function takeBytes(output: OutBuffer): Buffer {
  const filled = output.take();
  const bytes = Buffer.concat(filled.map(({ slab, bytes }) => slab.subarray(0, bytes)));
  for (const { bytes } of filled) output.noteWritten(bytes);
  return bytes;
}

/** The same as frames, of which the last one is whole. */
export function takeFrames(output: OutBuffer): readonly Frame[] {
  const { frames, rest } = framesIn(takeBytes(output));
  if (rest.length > 0) throw new Error(`${rest.length} bytes of a frame`);
  return frames;
}
