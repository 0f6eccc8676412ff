import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot, testPython } from './project.ts';
import { waitFor } from './wait-for.ts';

interface Notification {
  /** As the system tells it, of the process that has sent the message. */
  readonly pid: number;
  readonly text: string;
}

/** Stands in for systemd: a datagram socket that learns who sends. */
export class NotifyReceiver {
  readonly address: string;
  readonly received: Notification[] = [];
  readonly #child: ChildProcess;
  #unread = '';

  private constructor(address: string) {
    this.address = address;
    const script = join(projectRoot, 'tests', 'support', 'notify_receiver.py');
    this.#child = spawn(testPython, [script, address], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#receive(text));
  }

  static async start(address: string): Promise<NotifyReceiver> {
    const receiver = new NotifyReceiver(address);
    await once(receiver.#child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
    return receiver;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** The messages that a process has sent, but for those of the watchdog. */
  from(pid: number): string[] {
    return this.received
      .filter((each) => each.pid === pid && each.text !== 'WATCHDOG=1')
      .map(({ text }) => text);
  }

  /** Waits for a message, at `from` or later. */
  async waitFor(pattern: RegExp, from = 0): Promise<Notification> {
    return waitFor(() => this.received.slice(from).find(({ text }) => pattern.test(text)), {
      timeoutMs: 20_000,
      what: `${pattern} from NOTIFY_SOCKET`,
      details: () => this.received.map(({ pid, text }) => `${pid}: ${JSON.stringify(text)}`).join('\n'),
    });
  }

  #receive(text: string): void {
    const lines = (this.#unread + text).split('\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== 'listening') this.received.push(JSON.parse(line) as Notification);
    }
  }
}
