// RFC 9113 5.1: what may come for a stream, and what becomes of it if it does.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FRAME, frame, rstStream, uint32, windowUpdate } from '../../../support/http2-frames.ts';
import { data, head, TestSession } from './test-session.ts';

const ID = 5;

/** How a stream gets there. */
const STATES = {
  idle: () => {},
  open: (test) => test.open(ID, false),
  'half-closed by the client': (test) => test.open(ID),
  'half-closed by the server': (test) => test.answer(test.open(ID, false), 'all'),
  ended: (test) => test.answer(test.open(ID), 'all'),
  'ended by trailers': (test) => {
    test.answer(test.open(ID, false), 'all');
    test.send(head(ID, true, [['x-checksum', '1']]));
  },
  'reset by the client': (test) => {
    test.open(ID, false);
    test.send(rstStream(ID, 8));
  },
  'reset by the server': (test) => test.session.reset(test.open(ID, false), 8),
  'reset by the server after its end': (test) => test.session.reset(test.open(ID), 8),
  'passed over': (test) => test.open(ID + 2),
  refused: (test) => {
    const others = [-4, -2].map((before) => test.open(ID + before));
    test.send(head(ID, false));
    for (const stream of others) test.answer(stream);
  },
  'too late for the server': (test) => {
    test.open(1);
    test.session.drain();
    test.send(head(ID, false));
  },
  forgotten: (test) => {
    for (let id = 1; id <= ID + 2048; id += 2) test.answer(test.open(id));
  },
  'of the server': () => {},
} satisfies Record<string, (test: TestSession) => void>;

type State = keyof typeof STATES;

const FRAMES = {
  head: (id: number) => head(id),
  'head without end': (id: number) => head(id, false),
  trailers: (id: number) => head(id, true, [['x-checksum', '1']]),
  data: (id: number) => data(id, 'abc'),
  'end of data': (id: number) => data(id, '', true),
  reset: (id: number) => rstStream(id, 8),
  grant: (id: number) => windowUpdate(id, 1),
  priority: (id: number) => frame(FRAME.priority, 0, id, Buffer.concat([uint32(0), Buffer.of(1)])),
  push: (id: number) => frame(FRAME.pushPromise, 4, id, uint32(2)),
};

/** In the order of FRAMES. `request`, `data`, `end` and `close`: that is what comes of it; `-`: nothing; `reset`, `fail`: with that code. */
const OUTCOMES: Readonly<Record<State, string>> = {
  idle: 'request, request, request, fail 1, fail 1, fail 1, fail 1, -, fail 1',
  open: 'reset 1, reset 1, end, data, end, close, -, -, fail 1',
  'half-closed by the client': 'fail 5, fail 5, fail 5, fail 5, fail 5, close, -, -, fail 1',
  'half-closed by the server': 'reset 1, reset 1, close, data, close, close, -, -, fail 1',
  ended: 'fail 5, fail 5, fail 5, fail 5, fail 5, -, -, -, fail 1',
  'ended by trailers': 'fail 5, fail 5, fail 5, fail 5, fail 5, -, -, -, fail 1',
  'reset by the client': 'fail 5, fail 5, fail 5, fail 5, fail 5, -, -, -, fail 1',
  'reset by the server': '-, -, -, -, -, -, -, -, fail 1',
  'reset by the server after its end': '-, -, -, -, -, -, -, -, fail 1',
  'passed over': 'fail 1, fail 1, fail 1, fail 1, fail 1, -, -, -, fail 1',
  refused: '-, -, -, -, -, -, -, -, fail 1',
  'too late for the server': '-, -, -, -, -, -, -, -, fail 1',
  forgotten: '-, -, -, -, -, -, -, -, fail 1',
  'of the server': 'fail 1, fail 1, fail 1, fail 1, fail 1, fail 1, fail 1, -, fail 1',
};

function outcome(state: State, frame: keyof typeof FRAMES): string {
  const test = TestSession.begun({ maxConcurrentStreams: 2 });
  STATES[state](test);
  test.said();
  const log = test.streams.get(ID)?.taker ?? null;
  const told: string[] = [];
  if (log !== null) {
    log.takeData = () => told.push('data');
    log.takeEnd = () => told.push('end');
    log.takeClose = () => told.push('close');
  }
  const before = test.events.length;
  test.send(FRAMES[frame](state === 'of the server' ? ID - 1 : ID));
  const said = test.said().map((line) => line.replace(/^reset \d+/, 'reset').replace(/^goaway \d+/, 'fail'));
  const [first = null] = said;
  if (first !== null) return first;
  const event = test.events.slice(before).find((line) => line.startsWith('request'));
  return event === undefined ? (told.at(-1) ?? '-') : 'request';
}

describe('a stream that is', () => {
  for (const [state, row] of Object.entries(OUTCOMES)) {
    it(`${state} takes what may come, and nothing else`, () => {
      const outcomes = Object.keys(FRAMES).map((name) =>
        outcome(state as State, name as keyof typeof FRAMES),
      );
      assert.equal(outcomes.join(', '), row);
    });
  }
});
