// The log of what happens: lines such as `[2026-11-21 11:10:00 +0000] [4711] [INFO] Listening at: …`, which is Gunicorn's
// format, so that what parses Gunicorn's logs parses these.

import { closeSync, openSync, writeSync } from 'node:fs';
import { KirinError } from '../base/errors.ts';
import { wantsColour } from './colour.ts';
import { localOffset, pad2 } from './local-time.ts';
import type { RelayRecord } from './relay-client.ts';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'critical';

const SEVERITY = { debug: 10, info: 20, warning: 30, error: 40, critical: 50 } as const satisfies Record<
  LogLevel,
  number
>;

// Bright black, none, yellow, red, bold red: readable on dark and light terminals.
const COLOUR = {
  debug: '90',
  info: '',
  warning: '33',
  error: '31',
  critical: '1;31',
} as const satisfies Record<LogLevel, string>;

const STDERR_FD = 2;

export interface ErrorLogOptions {
  /** `-` for standard error, or a file, which is appended to. */
  readonly target: string;
  readonly level: LogLevel;
}

/** Who is given each line besides. */
interface Relay {
  send(record: RelayRecord): void;
}

/** Writes synchronously, so that a line is out before whatever comes next, also an exit. Logging never throws. */
export class ErrorLog {
  readonly #target: string;
  readonly #threshold: number;
  readonly #hasColour: boolean;
  /** null: none. */
  relay: Relay | null = null;
  /** The relay alone writes, from this of its levels on; null: it is told of what is written here. */
  onlyRelayedFrom: number | null = null;
  #fd: number;

  /** @throws {KirinError} when the file cannot be opened */
  constructor({ target, level }: ErrorLogOptions) {
    this.#target = target;
    this.#threshold = SEVERITY[level];
    this.#fd = target === '-' ? STDERR_FD : openLog(target);
    this.#hasColour = target === '-' && wantsColour(STDERR_FD, process.env);
  }

  /** Whether lines are coloured: for whoever else writes to the same terminal. */
  get hasColour(): boolean {
    return this.#hasColour;
  }

  debug(message: string): void {
    this.#write('debug', message);
  }

  info(message: string): void {
    this.#write('info', message);
  }

  warning(message: string): void {
    this.#write('warning', message);
  }

  error(message: string): void {
    this.#write('error', message);
  }

  critical(message: string): void {
    this.#write('critical', message);
  }

  /** After a rotation: goes on in a new file of the same name. When that cannot be opened, in the old one. */
  reopen(): void {
    if (this.#target === '-') return;
    try {
      const renewed = openSync(this.#target, 'a');
      closeSync(this.#fd);
      this.#fd = renewed;
    } catch (error) {
      this.error(
        `Cannot reopen the error log ${this.#target}, going on with the old file: ${(error as Error).message}`,
      );
    }
  }

  close(): void {
    if (this.#fd === STDERR_FD) return;
    try {
      closeSync(this.#fd);
    } catch {
      // Nothing can be done, and nobody can be told.
    }
    this.#fd = STDERR_FD;
  }

  #write(level: LogLevel, message: string): void {
    if (SEVERITY[level] < (this.onlyRelayedFrom ?? this.#threshold)) return;
    const now = new Date();
    const text = printable(message);
    this.relay?.send({
      type: 'log',
      level: SEVERITY[level],
      text,
      pid: process.pid,
      at: now.getTime() / 1000,
    });
    if (this.onlyRelayedFrom !== null && this.relay !== null) return;
    const line = `[${timestamp(now)}] [${process.pid}] [${level.toUpperCase()}] ${text}`;
    const colour = this.#hasColour ? COLOUR[level] : '';
    writeQuietly(this.#fd, colour === '' ? `${line}\n` : `\x1b[${colour}m${line}\x1b[0m\n`);
  }
}

function openLog(target: string): number {
  try {
    return openSync(target, 'a');
  } catch (error) {
    throw new KirinError('log-unusable', `the error log cannot be opened: ${(error as Error).message}`);
  }
}

// Everything but tab and line feed, which tracebacks are made of: what a client sent must not reach a terminal as commands.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_CHARACTERS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

const printable = (message: string): string =>
  message.replace(
    CONTROL_CHARACTERS,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );

/** `2026-11-21 11:10:00 +0000`, in local time. */
function timestamp(now: Date): string {
  const date = `${now.getFullYear()}-${pad2(now.getMonth() + 1)}-${pad2(now.getDate())}`;
  const time = `${pad2(now.getHours())}:${pad2(now.getMinutes())}:${pad2(now.getSeconds())}`;
  return `${date} ${time} ${localOffset(now)}`;
}

// A pipe to a log collector may be non-blocking and full: worth a few tries, not worth hanging the arbiter for.
const MAX_TRIES = 5;

function writeQuietly(fd: number, text: string): void {
  let rest = Buffer.from(text);
  for (let tries = 0; tries < MAX_TRIES && rest.length > 0; tries++) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // EPIPE (the reader left), ENOSPC, EIO (the terminal closed): the line is lost, and serving goes on.
      if (code !== 'EAGAIN' && code !== 'EINTR') return;
    }
  }
}
