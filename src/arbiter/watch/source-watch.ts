// Watches source files for --reload. The system's notifications say where to look, or, where it gives none, the passing of time does; what
// has changed is told by comparing (watched-folder.ts). So whatever way a file is saved, moved or checked out, it counts once.

import { type FSWatcher, type Stats, statSync, watch } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Interest, isLibrary } from './interest.ts';
import { tellsEveryChange } from './local-filesystem.ts';
import { statOrNull, WatchedFolder } from './watched-folder.ts';

/** An editor's save is several events, and a checkout many: the reload waits until it has been quiet for this long. */
const QUIET_MS = 100;
/** But no longer than this: something may write to a file all the time. */
const LONGEST_WAIT_MS = 5000;
const POLL_EVERY_MS = 1000;
/** How often folders are checked for being the ones that are watched: no notification tells of a link on the way that leads elsewhere now. */
const CHECK_FOLDERS_EVERY_MS = 2000;
/** Libraries hardly ever change, and are many: they are looked at every so many times. */
const LIBRARY_EVERY = 10;

export type Engine = 'auto' | 'poll' | 'inotify';

export interface WatchOptions {
  /** The application's folder. */
  readonly root: string;
  readonly engine: Engine;
  /** Absolute paths and patterns. */
  readonly extra: readonly string[];
  /** Files that the configuration was read from. */
  readonly own: readonly string[];
}

export interface WatchEvents {
  /** Has been quiet since. */
  changed(files: readonly string[]): void;
  warn(message: string): void;
}

interface Watched {
  readonly folder: WatchedFolder;
  readonly isLibrary: boolean;
  isPolled: boolean;
  watcher: FSWatcher | null;
  /** Which folder is watched; '': none is there. */
  identity: string;
}

export class SourceWatch {
  readonly #engine: Engine;
  readonly #events: WatchEvents;
  readonly #interest: Interest;
  readonly #watched = new Map<string, Watched>();
  /** Where to look when it is quiet. */
  readonly #dirty = new Map<Watched, Set<string> | 'all'>();
  /** What has changed and has not been told. */
  readonly #changed = new Set<string>();
  /** One thing is done after the other. */
  #work: Promise<void> = Promise.resolve();
  #quiet: NodeJS.Timeout | undefined;
  #tellByMs = Number.POSITIVE_INFINITY;
  /** When a change was told last. */
  #toldMs = 0;
  readonly #timers: NodeJS.Timeout[] = [];
  #hasWarned = false;
  #isClosed = false;

  constructor({ root, engine, extra, own }: WatchOptions, events: WatchEvents) {
    this.#engine = engine;
    this.#events = events;
    this.#interest = new Interest(extra, kindOf);
    this.#interest.addSourceFolder(root);
    this.#do(() => this.#watchFirst(root, own));
    if (engine !== 'inotify') this.#every(POLL_EVERY_MS, (withLibraries) => this.#poll(withLibraries));
    if (engine !== 'poll') {
      this.#every(CHECK_FOLDERS_EVERY_MS, (withLibraries) => this.#checkFolders(withLibraries));
    }
  }

  /** These are loaded, by a process that began with that at `sinceMs`, of the clock of Date. */
  add(files: readonly string[], sinceMs: number): void {
    this.#do(async () => {
      for (const file of files) await this.#add(file, sinceMs);
    });
  }

  /** What was asked for has been done. */
  whenSettled(): Promise<void> {
    return this.#work;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#quiet);
    for (const timer of this.#timers) clearInterval(timer);
    for (const { watcher } of this.#watched.values()) watcher?.close();
  }

  #do(task: () => Promise<void>): void {
    this.#work = this.#work.then(() => (this.#isClosed ? undefined : task()));
  }

  /** Not again while the last time is still under way. */
  #every(intervalMs: number, task: (withLibraries: boolean) => Promise<void>): void {
    let isUnderWay = false;
    let round = 0;
    const timer = setInterval(() => {
      if (isUnderWay) return;
      isUnderWay = true;
      round = (round + 1) % LIBRARY_EVERY;
      this.#do(async () => {
        await task(round === 0);
        isUnderWay = false;
      });
    }, intervalMs);
    this.#timers.push(timer.unref());
  }

  // --- what is watched ------------------------------------------------------------------------------------

  async #watchFirst(root: string, own: readonly string[]): Promise<void> {
    await this.#watch(root);
    const extra = this.#interest.namedFiles;
    for (const file of extra) await this.#watchFile(file, Number.POSITIVE_INFINITY);
    for (const { base } of this.#interest.patterns) await this.#watch(base);
    this.#tellOfNothing(extra);
    for (const file of own) await this.#add(file, Number.POSITIVE_INFINITY);
  }

  async #add(file: string, sinceMs: number): Promise<void> {
    if (this.#interest.name(file)) await this.#watchFile(file, sinceMs);
  }

  async #watchFile(file: string, sinceMs: number): Promise<void> {
    const watched = await this.#watch(dirname(file));
    const writtenMs = await watched.folder.learn(basename(file));
    // It may have been saved after it was loaded, and before it was watched; unless what loads it next has been told to already.
    if (writtenMs > Math.max(sinceMs, this.#toldMs)) this.#noteChanged([file]);
    const target = await targetOf(file);
    if (target !== null) await this.#add(target, sinceMs);
  }

  /** `isNew`: it has come while its parent was watched. */
  async #watch(path: string, isNew = false): Promise<Watched> {
    const known = this.#watched.get(path);
    if (known !== undefined) return known;
    const folder = new WatchedFolder(path, this.#interest);
    const watched: Watched = {
      folder,
      isLibrary: isLibrary(path),
      isPolled: this.#engine === 'poll' || (this.#engine === 'auto' && !(await tellsEveryChange(path))),
      watcher: null,
      identity: '',
    };
    this.#watched.set(path, watched);
    await this.#arm(watched);
    const { files, folders } = await folder.lookAtAll({ isNew });
    this.#noteChanged(files);
    await this.#watchAll(folders, isNew);
    return watched;
  }

  async #watchAll(folders: readonly string[], isNew: boolean): Promise<void> {
    for (const folder of folders) {
      if (await leadsBack(folder)) continue;
      if (isNew && this.#interest.isNewPackage(folder)) this.#interest.addSourceFolder(folder);
      await this.#watch(folder, isNew);
    }
  }

  /** Has the system tell of changes in it. */
  async #arm(watched: Watched): Promise<void> {
    const { folder } = watched;
    watched.watcher?.close();
    watched.watcher = null;
    watched.identity = identityOf(await statOrNull(folder.path));
    if (this.#engine === 'poll' || watched.identity === '') return;
    try {
      // The folder, not its files: many editors save by renaming a new file over the old one.
      const watcher = watch(folder.path, { persistent: false }, (_, name) => this.#hear(watched, name));
      watcher.on('error', () => {
        watcher.close();
        watched.identity = '';
      });
      watched.watcher = watcher;
    } catch (error) {
      this.#doWithout(watched, error as NodeJS.ErrnoException);
    }
  }

  /** There are no more notifications to be had. */
  #doWithout(watched: Watched, { code, message }: NodeJS.ErrnoException): void {
    if (code === 'ENOENT') return; // it has just gone
    watched.isPolled = this.#engine === 'auto';
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const why =
      code === 'ENOSPC' ? 'no more folders may be watched (sysctl fs.inotify.max_user_watches)' : message;
    const then = watched.isPolled ? 'such folders are polled instead' : 'changes there go unnoticed';
    this.#events.warn(`--reload: ${watched.folder.path} cannot be watched, ${then}: ${why}`);
  }

  #tellOfNothing(named: readonly string[]): void {
    const files = [...this.#watched.values()].flatMap(({ folder }) => folder.files);
    const there = new Set(files);
    const empty = this.#interest.patterns.filter((pattern) => !files.some((file) => pattern.matches(file)));
    const missing = named.filter((file) => !there.has(file));
    for (const path of [...empty.map(({ text }) => text), ...missing]) {
      this.#events.warn(`--reload-extra-file ${path} matches no file yet`);
    }
  }

  // --- what happens ---------------------------------------------------------------------------------------

  #hear(watched: Watched, name: string | null): void {
    if (name === null) {
      this.#dirty.set(watched, 'all');
    } else {
      const path = join(watched.folder.path, name);
      const moved = this.#watched.has(path) ? this.#watchedBelow(path) : [];
      for (const each of moved) this.#dirty.set(each, 'all');
      if (moved.length === 0 && !this.#interest.isIn(path) && !this.#interest.reaches(path)) return;
      const names = this.#dirty.get(watched) ?? new Set();
      if (names !== 'all') this.#dirty.set(watched, names.add(name));
    }
    this.#settleLater();
  }

  #watchedBelow(path: string): Watched[] {
    return [...this.#watched.values()].filter(({ folder }) => `${folder.path}/`.startsWith(`${path}/`));
  }

  async #poll(withLibraries: boolean): Promise<void> {
    for (const watched of [...this.#watched.values()]) {
      if (watched.isPolled && (withLibraries || !watched.isLibrary)) await this.#lookAt(watched, 'all');
    }
  }

  async #checkFolders(withLibraries: boolean): Promise<void> {
    for (const watched of [...this.#watched.values()]) {
      if (!withLibraries && watched.isLibrary) continue;
      if (!(await this.#isTheSame(watched))) await this.#lookAt(watched, 'all');
    }
  }

  /** Whether the folder is there, or gone, as it was. */
  async #isTheSame({ folder, identity }: Watched): Promise<boolean> {
    return identityOf(await statOrNull(folder.path)) === identity;
  }

  async #lookAt(watched: Watched, names: ReadonlySet<string> | 'all'): Promise<void> {
    const { folder } = watched;
    if (names === 'all' && !(await this.#isTheSame(watched))) await this.#arm(watched);
    const found = names === 'all' ? await folder.lookAtAll() : await folder.lookAt(names);
    await this.#watchAll(found.folders, true);
    // More of it may be on its way, of which nothing tells.
    if (found.files.length > 0 && watched.isPolled) this.#dirty.set(watched, 'all');
    this.#noteChanged(found.files);
  }

  #noteChanged(files: readonly string[]): void {
    for (const file of files) this.#changed.add(file);
    if (files.length > 0) this.#settleLater();
  }

  #settleLater(): void {
    const nowMs = Date.now();
    this.#tellByMs = Math.min(this.#tellByMs, nowMs + LONGEST_WAIT_MS);
    clearTimeout(this.#quiet);
    const waitMs = Math.min(QUIET_MS, Math.max(0, this.#tellByMs - nowMs));
    this.#quiet = setTimeout(() => this.#do(() => this.#settle()), waitMs).unref();
  }

  async #settle(): Promise<void> {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const [watched, names] of dirty) await this.#lookAt(watched, names);
    if (this.#dirty.size > 0 && Date.now() < this.#tellByMs) {
      this.#settleLater();
      return;
    }
    clearTimeout(this.#quiet);
    this.#tellByMs = Number.POSITIVE_INFINITY;
    if (this.#changed.size > 0) {
      this.#toldMs = Date.now();
      this.#events.changed([...this.#changed]);
      this.#changed.clear();
    }
    if (this.#dirty.size > 0) this.#settleLater();
  }
}

/** Where a file's own link leads, or null when it is none. */
async function targetOf(file: string): Promise<string | null> {
  try {
    const target = await realpath(file);
    return target === join(await realpath(dirname(file)), basename(file)) ? null : target;
  } catch {
    return null;
  }
}

/** Whether it is a link to a folder that it lies in: going down would never end. */
async function leadsBack(folder: string): Promise<boolean> {
  try {
    const target = await realpath(folder);
    return `${await realpath(dirname(folder))}/`.startsWith(`${target}/`);
  } catch {
    return true;
  }
}

/** With the time of its birth: the number of a folder that is gone may be given to the next. */
const identityOf = (found: Stats | null): string =>
  found === null ? '' : `${found.dev}:${found.ino}:${found.birthtimeMs}`;

function kindOf(path: string): 'folder' | 'other' | 'missing' {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 'missing';
  return found.isDirectory() ? 'folder' : 'other';
}
