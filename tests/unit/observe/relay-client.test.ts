import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { RelayClient, type RelayRecord } from '../../../src/observe/relay-client.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

const folder = makeTemporaryFolder();
after(() => removeFolder(folder));

/** Takes records as a relay does. */
class FakeRelay {
  readonly clients: Socket[] = [];
  readonly #server: Server;
  text = '';

  constructor(path: string, isRead = true) {
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      this.clients.push(client);
      client.setEncoding('utf8').on('error', () => {});
      if (isRead) this.read(client);
      client.on('end', () => client.end());
    }).listen(path);
  }

  read(client: Socket): void {
    client.on('data', (text: string) => {
      this.text += text;
    });
  }

  get records(): RelayRecord[] {
    // What stands behind the last line's end has not come whole.
    const whole = this.text.slice(0, this.text.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  stopListening(): void {
    this.#server.close();
  }

  close(): void {
    this.stopListening();
    for (const client of this.clients) client.destroy();
  }
}

const access = (line: string): RelayRecord => ({ type: 'access', line, pid: 1, at: 0 });
const lines = (relay: FakeRelay) =>
  relay.records.flatMap((each) => (each.type === 'access' ? [each.line] : []));

test('records reach a relay that comes later, and what is sent last before the end', async () => {
  const path = join(folder, 'late');
  const client = new RelayClient(path);
  client.send(access('early'));
  const relay = new FakeRelay(path);
  await waitFor(() => lines(relay).length === 1);
  client.send(access('late'));
  await client.close(5000);
  await waitFor(() => lines(relay).length === 2);
  assert.deepEqual(lines(relay), ['early', 'late']);
  relay.close();
});

test('a relay that ends its side loses nothing: what follows goes to the next', async () => {
  const path = join(folder, 'next');
  const first = new FakeRelay(path);
  const client = new RelayClient(path);
  const sent: string[] = [];
  const send = () => {
    const line = `${sent.length}`;
    sent.push(line);
    client.send(access(line));
  };
  send();
  await waitFor(() => lines(first).length === 1);
  first.stopListening();
  const second = new FakeRelay(path);
  for (const each of first.clients) each.end();
  await waitFor(() => {
    send();
    return lines(second).length > 10;
  });
  await client.close(5000);
  await waitFor(() => lines(first).length + lines(second).length === sent.length);
  assert.deepEqual([...lines(first), ...lines(second)], sent);
  first.close();
  second.close();
});

test('what a relay does not take is held up to a bound, and counted beyond', async () => {
  const path = join(folder, 'slow');
  const relay = new FakeRelay(path, false);
  const client = new RelayClient(path);
  const long = 'x'.repeat(100_000);
  for (let number = 0; number < 400; number++) client.send(access(long));
  await waitFor(() => relay.clients.length === 1);
  relay.read(relay.clients[0] as Socket);
  await waitFor(() => lines(relay).length > 100);
  client.send(access('last'));
  await waitFor(() => lines(relay).at(-1) === 'last', { details: () => `${lines(relay).length}` });
  const lost = relay.records.flatMap((each) => (each.type === 'lost' ? [each.count] : []));
  assert.equal(lines(relay).length - 1 + lost.reduce((sum, count) => sum + count, 0), 400);
  assert.ok((lost[0] ?? 0) > 200, `${lost}`);
  await client.close(5000);
  relay.close();
});

test('an end without a relay waits no longer than it may', async () => {
  const client = new RelayClient(join(folder, 'nobody'));
  client.send(access('lost'));
  await client.close(50);
});
