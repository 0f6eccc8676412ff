import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';

/** An editor's save is several events, and a checkout many: the reload waits until it has been quiet this long. */
const QUIET_MS = 100;

/** Watches the folders of source files, and tells when a source in them has changed. */
export class SourceWatch {
  readonly #onChange: (file: string) => void;
  /** When each was last changed, as far as we have heard. */
  readonly #files = new Map<string, number>();
  readonly #startedMs = Date.now();
  readonly #folders = new Map<string, FSWatcher>();
  #quiet: NodeJS.Timeout | undefined;

  constructor(folder: string, onChange: (file: string) => void) {
    this.#onChange = onChange;
    this.#watchFolder(folder);
  }

  add(files: readonly string[]): void {
    for (const file of files) {
      this.#watchFolder(dirname(file));
      const changedMs = changeTimeMs(file);
      // It may have been saved between being imported and being watched.
      if (changedMs > (this.#files.get(file) ?? this.#startedMs)) this.#tell(file);
      this.#files.set(file, changedMs);
    }
  }

  close(): void {
    clearTimeout(this.#quiet);
    for (const watcher of this.#folders.values()) watcher.close();
  }

  #watchFolder(folder: string): void {
    if (this.#folders.has(folder)) return;
    try {
      // The folder, not the file: many editors save by renaming a new file over the old one.
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name !== null) this.#changed(join(folder, name));
      });
      watcher.on('error', () => this.#forget(folder));
      this.#folders.set(folder, watcher);
    } catch {
      // gone, or there are no more watches to be had
    }
  }

  #forget(folder: string): void {
    this.#folders.get(folder)?.close();
    this.#folders.delete(folder);
  }

  /** Also sources that nobody reported: one that a broken module was about to import, for example. */
  #changed(file: string): void {
    if (!this.#files.has(file) && !file.endsWith('.py')) return;
    this.#files.set(file, changeTimeMs(file));
    this.#tell(file);
  }

  #tell(file: string): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#onChange(file), QUIET_MS);
  }
}

function changeTimeMs(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
