import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { makeTemporaryFolder, removeFolder } from './temporary-folder.ts';
import { within } from './wait-for.ts';

const PROGRAM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

/** Why the tests with a browser cannot run here, or false. */
export const chromiumIsMissing: string | false = PROGRAM === undefined && 'Chromium is not installed';

/** To start, on a machine that does much else. */
const START_LIMIT_MS = 60_000;

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A real Chromium without a window, with one page, spoken to by its DevTools protocol. It believes every certificate. */
export class Chromium {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #session = '';
  #lastId = 0;
  #loaded: () => void = () => {};

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.on('message', (text) => this.#take(JSON.parse(String(text)) as Reply));
  }

  static async start(): Promise<Chromium> {
    const profile = makeTemporaryFolder();
    const child = spawn(
      PROGRAM ?? 'chromium',
      [
        ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
        ...['--ignore-certificate-errors', '--remote-debugging-port=0', `--user-data-dir=${profile}`],
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const url = await within(START_LIMIT_MS, 'where Chromium listens', addressOf(child));
    const socket = new WebSocket(url);
    await once(socket, 'open');
    const chromium = new Chromium(child, profile, socket);
    await chromium.#attach();
    return chromium;
  }

  async #attach(): Promise<void> {
    const { targetId } = await this.#ask('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#ask('Target.attachToTarget', { targetId, flatten: true });
    this.#session = String(sessionId);
    await this.#ask('Page.enable');
  }

  /** Returns once the page and what belongs to it are there. */
  async open(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    const { errorText } = await this.#ask('Page.navigate', { url });
    if (errorText !== undefined) throw new Error(`${url}: ${String(errorText)}`);
    await loaded;
  }

  /** The value of an expression in the page, or of the promise that it is. */
  async evaluate(expression: string): Promise<unknown> {
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#ask('Runtime.evaluate', asked);
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value?: unknown }).value;
  }

  async resize(width: number, height: number): Promise<void> {
    const mobile = width < 600;
    await this.#ask('Emulation.setDeviceMetricsOverride', { width, height, mobile, deviceScaleFactor: 1 });
  }

  /** Writes a PNG. */
  async screenshot(file: string): Promise<void> {
    const { data } = await this.#ask('Page.captureScreenshot', { format: 'png' });
    writeFileSync(file, Buffer.from(String(data), 'base64'));
  }

  #ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const session = this.#session === '' ? {} : { sessionId: this.#session };
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) =>
        error === undefined ? resolve(result ?? {}) : reject(new Error(`${method}: ${error.message}`)),
      );
    });
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    return within(START_LIMIT_MS, `the answer of ${method}`, answer);
  }

  #take(reply: Reply): void {
    if (reply.id !== undefined) {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    } else if (reply.method === 'Page.loadEventFired') {
      this.#loaded();
    }
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#session = '';
    // In order, so that none of its many processes stays behind.
    void this.#ask('Browser.close').catch(() => {});
    await within(START_LIMIT_MS, 'the end of Chromium', ended).catch(() => this.#child.kill('SIGKILL'));
    this.#socket.terminate();
    removeFolder(this.#profile);
  }
}

/** Where it listens, which it says first. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const url = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.on('exit', () => reject(new Error(`Chromium ended: ${said}`)));
  });
}
