// RFC 7617.

import type { BasicAuthSpec } from '../../protocol/supervision/guards.ts';
import type { Exchange, Handler, Producer } from '../exchange.ts';
import type { PasswordChecker } from './password-checker.ts';
import { UserFile, type Users } from './user-file.ts';
import { VerifiedCredentials } from './verified-credentials.ts';

export interface AuthParts {
  readonly passwords: PasswordChecker;
  /** To the error log. */
  readonly report: (problem: string) => void;
  /** There, too, unless there are too many. */
  readonly reportRefused: (line: string) => void;
}

interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Compared with where there is no such user, so that the time does not tell: bcrypt of nothing that anybody knows. */
const NOBODY = '$2b$10$CwTycUXWue0Thq9StjUM0uJ8Q0YQ2yO1s0S9tKQ0j5xkX1JmQyZ4S';

const WAITING: Producer = { isWaiting: true, pause() {}, resume() {}, cancel() {} };

/** Lets in who knows a password. */
export class BasicAuth implements Handler {
  readonly #users: Pick<UserFile, 'get'>;
  readonly #challenge: string;
  readonly #next: Handler;
  readonly #parts: AuthParts;
  readonly #verified = new VerifiedCredentials();
  /** What is being checked, so that a page with its pictures is one question. */
  readonly #checking = new Map<string, Promise<boolean>>();

  constructor({ realm, file, users }: BasicAuthSpec, next: Handler, parts: AuthParts) {
    const listed = new Map(users);
    this.#users = file === null ? { get: () => listed } : new UserFile(file, parts.report);
    this.#challenge = `WWW-Authenticate: Basic realm="${realm.replace(/["\\]/g, '\\$&')}", charset="UTF-8"\r\n`;
    this.#next = next;
    this.#parts = parts;
  }

  handle(exchange: Exchange): void {
    const credentials = credentialsOf(exchange.head.fields.get('authorization'));
    const nowMs = performance.now();
    const users = this.#users.get(nowMs);
    if (credentials === null) {
      this.#refuse(exchange);
    } else if (users instanceof Promise) {
      exchange.producer = WAITING;
      void users.then((read) => {
        exchange.producer = null;
        if (!exchange.isOver) this.#decide(exchange, credentials, read, nowMs);
      });
    } else {
      this.#decide(exchange, credentials, users, nowMs);
    }
  }

  #decide(exchange: Exchange, { user, password }: Credentials, users: Users | null, nowMs: number): void {
    if (users === null) {
      exchange.refuse(500);
      return;
    }
    const hash = users.get(user);
    const digest = this.#verified.digestOf(user, password, hash ?? '');
    if (hash !== undefined && this.#verified.has(digest, nowMs)) {
      this.#letIn(exchange, user);
      return;
    }
    const [firstHash = NOBODY] = users.values();
    const question = this.#ask(digest, password, hash ?? firstHash);
    if (question === null) {
      this.#parts.reportRefused(
        `Too many passwords wait to be checked: answered ${exchange.head.target} with 503`,
      );
      exchange.refuse(503, '', 'Retry-After: 1\r\n');
      return;
    }
    exchange.producer = WAITING;
    void question.then((isRight) => {
      const isUser = isRight && hash !== undefined;
      if (isUser) this.#verified.add(digest, performance.now());
      exchange.producer = null;
      if (exchange.isOver) return;
      if (isUser) this.#letIn(exchange, user);
      else this.#refuse(exchange);
    });
  }

  #ask(digest: string, password: string, hash: string): Promise<boolean> | null {
    const asked = this.#checking.get(digest);
    if (asked !== undefined) return asked;
    const question = this.#parts.passwords.check(password, hash);
    if (question === null) return null;
    const settled = question.finally(() => this.#checking.delete(digest));
    this.#checking.set(digest, settled);
    return settled;
  }

  #letIn(exchange: Exchange, user: string): void {
    exchange.remoteUser = user;
    this.#next.handle(exchange);
  }

  #refuse(exchange: Exchange): void {
    exchange.refuse(401, '', this.#challenge);
  }
}

/** null: there are none, or they cannot be read. */
function credentialsOf(field: string | undefined): Credentials | null {
  const [, encoded] = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(field ?? '') ?? [];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) return null;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
