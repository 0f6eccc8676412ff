/** Says whether a password is the one of a hash. That takes up to a quarter of a second of a processor: it happens elsewhere. */
export interface PasswordChecker {
  /** null: too many wait already. */
  check(password: string, hash: string): Promise<boolean> | null;
}
