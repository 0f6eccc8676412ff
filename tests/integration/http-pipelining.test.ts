import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type KirinProcess, withKirin } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const AT_ONCE = 8;
const LOG_FORMAT = '%(q)s waited %(Q)s';
const SLOW_S = 0.03;

/** Clients that send together, to an application whose one route is as fast as they ask it to be. */
class Rounds {
  readonly #kirin: KirinProcess;
  readonly #connections: readonly RawConnection[];
  #number = 0;

  private constructor(kirin: KirinProcess, connections: readonly RawConnection[]) {
    this.#kirin = kirin;
    this.#connections = connections;
  }

  static async of(kirin: KirinProcess): Promise<Rounds> {
    const opened = Array.from({ length: AT_ONCE }, () => RawConnection.open({ port: kirin.port }));
    return new Rounds(kirin, await Promise.all(opened));
  }

  /** How many of them were given to the worker at once, whether or not it was busy with another. */
  async run(seconds: number): Promise<number> {
    const round = `round=${++this.#number}`;
    for (const connection of this.#connections) {
      connection.send(`GET /sleep?seconds=${seconds}&${round} HTTP/1.1\r\nHost: a\r\n\r\n`);
    }
    for (const connection of this.#connections) assert.equal((await connection.readResponse()).status, 200);
    const waits = () => [...this.#kirin.stdout().matchAll(new RegExp(`${round} waited (\\d+)$`, 'gm'))];
    await waitFor(() => waits().length === AT_ONCE);
    return waits().filter(([, us]) => Number(us) === 0).length;
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}

describe('putting requests behind one another on a lane', () => {
  it('follows a route that turns slow, and fast again', async () => {
    const args = ['--access-logfile', '-', '--access-logformat', LOG_FORMAT];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const rounds = await Rounds.of(kirin);
      const untilTogether = async (most: number) => {
        for (let number = 1; number <= most; number += 1) if ((await rounds.run(0)) > AT_ONCE / 2) return;
        assert.fail(`not within ${most} rounds`);
      };
      await untilTogether(20);
      for (let turn = 1; turn <= 2; turn += 1) {
        await rounds.run(SLOW_S); // The first of them shows it.
        for (let number = 1; number <= 3; number += 1) {
          assert.ok((await rounds.run(SLOW_S)) <= 1, `slow round ${number} of turn ${turn}`);
        }
        await untilTogether(60);
      }
      rounds.close();
    });
  });

  it('does not make a request wait for a slow one while another worker is free', async () => {
    const args = ['--workers', '2', '--access-logfile', '-', '--access-logformat', LOG_FORMAT];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const rounds = await Rounds.of(kirin);
      for (let number = 0; number < 20; number += 1) await rounds.run(0);
      rounds.close();
      const [one, other] = [
        await RawConnection.open({ port: kirin.port }),
        await RawConnection.open({ port: kirin.port }),
      ];
      const since = performance.now();
      for (const connection of [one, other]) {
        connection.send('GET /sleep?seconds=2 HTTP/1.1\r\nHost: a\r\n\r\n');
      }
      for (const connection of [one, other]) {
        assert.equal((await connection.readResponse()).status, 200);
        connection.destroy();
      }
      const elapsedMs = performance.now() - since;
      assert.ok(elapsedMs < 3900, `one after the other takes 4000 ms, and this took ${elapsedMs}`);
    });
  });
});
