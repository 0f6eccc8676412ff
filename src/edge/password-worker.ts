// A thread that does nothing but compare passwords with their hashes.

import { parentPort } from 'node:worker_threads';
import { verifyPassword } from '../handlers/auth/verify-password.ts';

export interface PasswordQuestion {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

export interface PasswordAnswer {
  readonly id: number;
  readonly isRight: boolean;
}

parentPort?.on('message', ({ id, password, hash }: PasswordQuestion) => {
  const answer: PasswordAnswer = { id, isRight: verifyPassword(password, hash) };
  parentPort?.postMessage(answer);
});
