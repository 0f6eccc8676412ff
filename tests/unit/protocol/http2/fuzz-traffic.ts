// What clients send, valid or nearly so. Everything follows from the seed.

import { FRAME, frame, framesIn, PREFACE } from '../../../support/http2-frames.ts';
import type { Random } from '../../../support/random.ts';
import { takeBytes } from './out-frames.ts';
import { RandomApplication } from './random-application.ts';
import { StrictClient } from './strict-client.ts';
import { TestSession } from './test-session.ts';

const LIMITS = {
  maxConcurrentStreams: 6,
  initialWindowBytes: 65_535,
  maxFrameBytes: 16_384,
  maxHeadBytes: 16_384,
};
const SORE_BYTES = [0, 1, 4, 5, 8, 9, 0x20, 0x3f, 0x7f, 0x80, 0xff];
const SORE_NUMBERS = [0, 1, 2, 3, 5, 0x7fffffff, 0x80000000, 0xffffffff];
const SORE_LENGTHS = [0, 1, 4, 5, 6, 7, 8, 9, 100, 16_384, 16_385, 0xffffff];

/** All that a client sends which is answered as it should be. */
export function recordedTraffic(random: Random, steps: number): Buffer {
  const client = new StrictClient(random.fork());
  const application = new RandomApplication(random.fork());
  const test = new TestSession(LIMITS);
  const { session } = test;
  test.request = (stream, fields) => application.request(session, stream, fields as readonly string[]);
  test.answered = (stream) => application.answered(session, stream);
  session.start();
  const parts: Buffer[] = [];
  for (let step = 0; step < steps; step++) {
    client.act();
    application.act();
    parts.push(client.pending);
    session.receive(client.pending, false);
    client.pending = Buffer.alloc(0);
    client.receive(takeBytes(session.sender.output));
    session.sender.pump();
  }
  return Buffer.concat(parts);
}

/** The same with a few frames that are others, missing, twice, in another order, or of other traffic, or with other bytes. */
export function mutatedTraffic(bytes: Buffer, others: readonly Buffer[], random: Random): Buffer {
  const preface = bytes.subarray(0, PREFACE.length);
  const frames = wholeFrames(bytes);
  for (let count = random.between(1, 3); count > 0; count--) mutateFrames(frames, others, random);
  const result = Buffer.concat([preface, ...frames]);
  return random.chance(0.2) ? withOtherBytes(result, random) : result;
}

/** Behind a valid beginning, frames of any kind with any content. */
export function wildTraffic(random: Random): Buffer {
  const frames = Array.from({ length: random.between(1, 40) }, () =>
    frame(
      random.chance(0.95) ? random.below(11) : random.below(256),
      random.chance(0.7) ? random.of([0, 1, 4, 5]) : random.below(256),
      random.chance(0.7) ? random.below(8) : random.of(SORE_NUMBERS),
      randomBytes(random, random.of([0, 4, 4, 5, 6, 8, 40])),
    ),
  );
  return Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0), ...frames]);
}

export function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}

function wholeFrames(bytes: Buffer): Buffer[] {
  const { frames } = framesIn(bytes.subarray(PREFACE.length));
  return frames.map(({ type, flags, stream, payload }) => frame(type, flags, stream, payload));
}

function mutateFrames(frames: Buffer[], others: readonly Buffer[], random: Random): void {
  const at = random.below(frames.length);
  const chosen = frames[at];
  if (chosen === undefined) return;
  const changed = Buffer.from(chosen);
  switch (random.below(8)) {
    case 0:
      frames.splice(at, 1);
      return;
    case 1:
      frames.splice(random.below(frames.length), 0, chosen);
      return;
    case 2:
      frames.splice(random.below(frames.length), 0, ...frames.splice(at, 1));
      return;
    case 3:
      frames.splice(at, 0, random.of(wholeFrames(random.of(others))));
      return;
    case 4:
      changed[3] = random.below(11);
      break;
    case 5:
      changed[4] = random.chance(0.5) ? (changed[4] as number) ^ random.of([1, 4, 8, 32]) : random.below(256);
      break;
    case 6:
      changed.writeUInt32BE(random.chance(0.5) ? 2 * random.below(20) + 1 : random.of(SORE_NUMBERS), 5);
      break;
    default:
      changed.writeUIntBE(random.of(SORE_LENGTHS), 0, 3);
  }
  frames[at] = changed;
}

function withOtherBytes(bytes: Buffer, random: Random): Buffer {
  let result = bytes;
  for (let count = random.between(1, 3); count > 0; count--) {
    const at = random.below(result.length);
    const rest = result.subarray(at + random.below(2));
    const put = random.chance(0.8) ? Buffer.of(random.of(SORE_BYTES)) : randomBytes(random, random.below(9));
    result = Buffer.concat([result.subarray(0, at), put, rest]);
  }
  return result;
}

/** Cuts at a few random places. */
export function randomPieces(bytes: Buffer, random: Random): Buffer[] {
  const places = Array.from({ length: random.below(12) }, () => random.below(bytes.length + 1));
  const edges = [0, ...places.sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}
