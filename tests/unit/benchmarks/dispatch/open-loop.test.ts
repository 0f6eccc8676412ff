import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { runTurn } from '../../../../benchmarks/dispatch/open-loop.ts';
import type { Stream, TurnPlan } from '../../../../benchmarks/dispatch/turn.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const REFUSAL = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n';

let server: Server | undefined;

afterEach(() => server?.close());

/** Calls `answer` for each request; the number counts connections from 0. */
async function serve(answer: (socket: Socket, request: string, connection: number) => void): Promise<number> {
  let connections = 0;
  const listening = createServer({ noDelay: true }, (socket) => {
    const connection = connections;
    connections += 1;
    socket.on('data', (request) => answer(socket, request.toString('latin1'), connection));
    socket.on('error', () => {});
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return (listening.address() as AddressInfo).port;
}

function plan(port: number, stream: Partial<Stream>, rest: Partial<TurnPlan> = {}): TurnPlan {
  const whole: Stream = { mix: 'route', arrivals: 'constant', perSecond: 1000, connections: 8, ...stream };
  const phases = { warmUpMs: 100, windowMs: 300, answerLimitMs: 10_000, drainLimitMs: 2000 };
  return { port, streams: [whole], firstNumber: 0, ...phases, ...rest };
}

test('what is due in the window is sent and counted by class, whatever the warm-up had', async () => {
  const port = await serve((socket) => socket.write(OK));
  const { classes, failures, reconnects } = await runTurn(plan(port, {}));
  assert.deepEqual([classes.fast.due, classes.slow.due], [297, 3]);
  assert.deepEqual([classes.fast.failed, classes.fast.unsent, classes.fast.refused], [0, 0, 0]);
  assert.ok(Number(classes.fast.maxMs) >= Number(classes.fast.p50Ms));
  assert.deepEqual([failures, reconnects], [{}, 0]);
});

test('refusals are counted apart from answers', async () => {
  const port = await serve((socket, request) => socket.write(request.includes('/slow') ? REFUSAL : OK));
  const { classes } = await runTurn(plan(port, {}));
  assert.deepEqual([classes.slow.refused, classes.slow.answeredPerSecond], [3, 0]);
  assert.equal(classes.fast.refused, 0);
});

test('requests go on coming while nothing is answered, and their latency begins when they were due', async () => {
  const held: Socket[] = [];
  // The one connection gets its first answer late; all that was due meanwhile waited for it.
  const port = await serve((socket) => {
    if (held.push(socket) > 1) socket.write(OK);
    else setTimeout(() => socket.write(OK), 200);
  });
  const { classes } = await runTurn(plan(port, { mix: 'hello', connections: 1 }, { warmUpMs: 0 }));
  assert.equal(classes.fast.due, 300);
  assert.equal(classes.fast.failed + classes.fast.unsent, 0);
  assert.ok(Number(classes.fast.maxMs) >= 200);
  // Of 300, those of the first 200 ms waited: every second one for 100 ms or more, less what the end was quicker with.
  assert.ok(Number(classes.fast.p50Ms) > 20, `p50 ${classes.fast.p50Ms} ms`);
});

test('a server that closes after each response costs reconnects, and no request', async () => {
  const port = await serve((socket) => socket.end(OK.replace('\r\n', '\r\nConnection: close\r\n')));
  const { classes, reconnects } = await runTurn(plan(port, {}));
  assert.equal(classes.fast.failed + classes.slow.failed, 0);
  assert.equal(reconnects, 400 - 8);
});

test('a request that meets a connection just being closed is sent again on a new one', async () => {
  const served = new Map<number, number>();
  const port = await serve((socket, _request, connection) => {
    const before = served.get(connection) ?? 0;
    served.set(connection, before + 1);
    if (before === 1) socket.destroy();
    else socket.write(OK);
  });
  const { classes, failures, reconnects } = await runTurn(plan(port, { mix: 'hello' }));
  assert.deepEqual(failures, {});
  assert.equal(classes.fast.due, 300);
  assert.ok(reconnects > 300);
});

test('a connection that ends amid a response, and another status, are failures with their reasons', async () => {
  const port = await serve((socket, request) => {
    if (request.includes('/slow')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    else socket.write('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
  });
  const { classes, failures } = await runTurn(plan(port, {}, { warmUpMs: 0 }));
  const slow = classes.slow.due;
  assert.ok(slow > 0);
  assert.deepEqual([classes.fast.failed, classes.slow.failed], [300 - slow, slow]);
  assert.deepEqual(failures, { 'status 502': 300 - slow, closed: slow });
});

test('clients that are never served make the quantiles infinite; what waited behind them is unsent', async () => {
  const port = await serve((socket, _request, connection) => {
    if (connection > 0) socket.write(OK);
  });
  const one = await runTurn(plan(port, { mix: 'hello', connections: 1 }, { drainLimitMs: 50 }));
  assert.deepEqual([one.classes.fast.failed, one.classes.fast.unsent, one.classes.fast.due], [1, 300, 300]);
  assert.equal(one.classes.fast.p50Ms, null);
});

test('a request fails at its limit, and its client goes on with the next, on a new connection', async () => {
  const port = await serve((socket, _request, connection) => {
    if (connection > 0) socket.write(OK);
  });
  const { classes, failures, reconnects } = await runTurn(
    plan(port, { mix: 'hello', perSecond: 100, connections: 2 }, { warmUpMs: 0, answerLimitMs: 100 }),
  );
  assert.deepEqual(failures, { timeout: 1 });
  assert.deepEqual([classes.fast.due, classes.fast.unsent, reconnects], [30, 0, 1]);
});

test('what waits for longer than an answer may take is not sent any more', async () => {
  const port = await serve(() => {});
  const limits = { warmUpMs: 0, answerLimitMs: 50, drainLimitMs: 1000 };
  const { classes } = await runTurn(plan(port, { mix: 'hello', connections: 1 }, limits));
  const { due, failed, unsent, answeredPerSecond } = classes.fast;
  assert.deepEqual([due, failed + unsent, answeredPerSecond], [300, 300, 0]);
  assert.ok(failed >= 1 && unsent > failed, `${failed} failed, ${unsent} unsent`);
});

test('streams have a rate and connections of their own', async () => {
  const paths = new Map<number, Set<string>>();
  const port = await serve((socket, request, connection) => {
    const path = request.split(' ')[1] ?? '';
    paths.set(connection, (paths.get(connection) ?? new Set()).add(path));
    socket.write(OK);
  });
  const streams: Stream[] = [
    { mix: 'slow', arrivals: 'constant', perSecond: 100, connections: 2 },
    { mix: 'fast', arrivals: 'constant', perSecond: 1000, connections: 3 },
  ];
  const { classes } = await runTurn({ ...plan(port, {}), streams });
  assert.deepEqual([classes.slow.due, classes.fast.due], [30, 300]);
  assert.deepEqual([...paths.values()].map((set) => [...set].join()).sort(), [
    ...['/fast', '/fast', '/fast'],
    ...['/slow', '/slow'],
  ]);
});

test('nothing to connect to is a failure of each request, not of the run', async () => {
  const port = await serve(() => {});
  await new Promise((resolve) => server?.close(resolve));
  const { classes, failures } = await runTurn(plan(port, { mix: 'hello' }, { warmUpMs: 0 }));
  assert.equal(classes.fast.failed, 300);
  assert.deepEqual(failures, { ECONNREFUSED: 300 });
});
