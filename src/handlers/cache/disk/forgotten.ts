/** Of keys, and of beginnings of keys. */
const MAX_REMEMBERED = 10_000;

/** What was removed while a folder was still being looked through: none of it may come back from there. */
export class Forgotten {
  readonly #keys = new Set<string>();
  readonly #prefixes = new Set<string>();
  #isEverything = false;

  addKey(key: string): void {
    this.#add(this.#keys, key);
  }

  addPrefix(prefix: string): void {
    this.#add(this.#prefixes, prefix);
  }

  #add(set: Set<string>, text: string): void {
    // Clients say what is changed: what is more than can be remembered is all of it.
    if (set.size >= MAX_REMEMBERED && !set.has(text)) this.#isEverything = true;
    else set.add(text);
  }

  has(key: string): boolean {
    if (this.#isEverything || this.#keys.has(key)) return true;
    for (const prefix of this.#prefixes) if (key.startsWith(prefix)) return true;
    return false;
  }
}
