// What is known of how long requests take, by route. Only requests that have proved fast are pipelined.

/** Below this mean service time a route counts as fast: a request behind it waits less than a wake-up of an idle worker takes on a busy machine. */
const FAST_US = 1000;
/** How many requests a path must have had before its own times are believed. */
const PATH_PROOF = 8;
/** The same for all paths of one folder, which stand in for a path not seen before (/user/17). */
const FOLDER_PROOF = 32;
/** Weight of the newest sample. One 200 ms request makes a route slow for about 40 further ones, a 4 ms hiccup for none or one. */
const WEIGHT = 1 / 8;
/** Paths remembered before the older half is forgotten. */
const MAX_ROUTES = 4096;

export class Route {
  readonly #folder: Route | null;
  #samples = 0;
  #meanUs = 0;

  constructor(folder: Route | null) {
    this.#folder = folder;
  }

  /** Mean service time in µs, of this path or, while it is new, of its folder. */
  get estimateUs(): number {
    if (this.#samples >= PATH_PROOF || this.#folder === null) return this.#meanUs;
    return this.#folder.#meanUs;
  }

  get isFast(): boolean {
    if (this.#samples >= PATH_PROOF) return this.#meanUs < FAST_US;
    const folder = this.#folder;
    return folder !== null && folder.#samples >= FOLDER_PROOF && folder.#meanUs < FAST_US;
  }

  record(serviceUs: number): void {
    this.#add(serviceUs);
    if (this.#folder !== null) this.#folder.#add(serviceUs);
  }

  #add(serviceUs: number): void {
    this.#meanUs = this.#samples === 0 ? serviceUs : this.#meanUs + (serviceUs - this.#meanUs) * WEIGHT;
    this.#samples += 1;
  }
}

/** Routes by method and path. Bounded: two generations of at most MAX_ROUTES, the older one dropped as a whole. */
export class RouteHistory {
  #recent = new Map<string, Route>();
  #older = new Map<string, Route>();

  of(method: string, path: string): Route {
    // GET is by far the most frequent: its key needs no concatenation.
    return this.#find(method === 'GET' ? path : `${method} ${path}`, true);
  }

  #find(key: string, hasFolder: boolean): Route {
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    let route = this.#older.get(key);
    if (route === undefined) {
      const slash = key.lastIndexOf('/');
      const folder = hasFolder && slash >= 0 ? this.#find(`${key.slice(0, slash + 1)}*`, false) : null;
      route = new Route(folder);
    }
    if (this.#recent.size >= MAX_ROUTES) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, route);
    return route;
  }
}
