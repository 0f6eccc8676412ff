import type { LoadReport } from '../protocol/supervision/edge.ts';
import type { AppPlan } from './app-plan.ts';
import type { Application } from './application.ts';
import type { Fleet } from './fleet.ts';
import type { Log } from './log.ts';
import { measureMemorySupply } from './memory-supply.ts';
import { ProcessorMeter } from './processors.ts';
import { type Hindrance, NOTABLE_WAIT_MS, recommend, type Sample } from './scaling.ts';
import { measureMemory } from './worker-memory.ts';

/** As many as the longest rule asks for. */
const KEPT_SAMPLES = 10;

/** Decides how many workers an application should have: by the plan, by signals, and by load where the plan gives a range. */
export class Scaler {
  readonly #app: Application;
  readonly #fleet: Fleet;
  readonly #log: Log;
  readonly #onSample: (sample: Sample) => void;
  readonly #processors = new ProcessorMeter();
  #plan: AppPlan;
  #samples: Sample[] = [];
  #isMeasuring = false;
  readonly #told = new Set<Hindrance['what']>();

  /** `onSample` is called some time after a report, with all that was measured. */
  constructor(app: Application, fleet: Fleet, log: Log, plan: AppPlan, onSample: (sample: Sample) => void) {
    this.#app = app;
    this.#fleet = fleet;
    this.#log = log;
    this.#plan = plan;
    this.#onSample = onSample;
  }

  /** Within another range, the number that serves now is kept as far as it goes. */
  set plan(plan: AppPlan) {
    // Signals have changed the number since.
    if (plan === this.#plan) return;
    this.#plan = plan;
    const { min, max } = plan.workers;
    this.#want(Math.min(max, Math.max(min, this.#app.wanted)));
  }

  /** One more or one less, by a signal. */
  step(change: 1 | -1): void {
    const { min, max } = this.#plan.workers;
    const hasRange = max > min;
    const { wanted } = this.#app;
    const isStandingBy = wanted === 0;
    if (isStandingBy && change < 0) return;
    const count = isStandingBy ? (hasRange ? min : 1) : wanted + change;
    if (hasRange && (count < min || count > max)) {
      this.#log.info(
        `Workers wanted: ${this.#app.wanted}, the ${count < min ? 'least' : 'most'} of ${min}..${max}`,
      );
      return;
    }
    this.#want(Math.max(1, count));
    this.#log.info(`Workers wanted: ${this.#app.wanted}`);
  }

  /** So many, within the range. */
  set(count: number): void {
    const { min, max } = this.#plan.workers;
    const wanted = max > min ? Math.min(max, Math.max(min, count)) : Math.max(1, count);
    if (wanted === this.#app.wanted) return;
    this.#want(wanted);
    this.#log.info(`Workers wanted: ${wanted}`);
  }

  /** Measures what else belongs to the edge's report. */
  async measure(load: LoadReport, edgePid: number | undefined): Promise<void> {
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    const isStaffed = this.#isStaffed;
    const workers = this.#fleet.workersOf(this.#app.active?.number ?? 0, 'ready').map(({ pid }) => pid);
    const use = await this.#processors.measure(edgePid === undefined ? workers : [...workers, edgePid]);
    const mayGrow = load.waitedMs >= NOTABLE_WAIT_MS;
    const [first] = workers;
    const memory = mayGrow ? await measureMemorySupply() : null;
    const workerBytes = mayGrow && first !== undefined ? await measureMemory(first) : null;
    this.#isMeasuring = false;
    if (use === null) return;
    const { cores, idleCores, neededCores } = use;
    const workerCores = workers.reduce((sum, pid) => sum + (neededCores.get(pid) ?? 0), 0);
    this.#onSample({ ...load, isStaffed, cores, idleCores, workerCores, memory, workerBytes });
  }

  /** As many serve as are wanted, and no other is on its way. */
  get #isStaffed(): boolean {
    const { active, isReloading, wanted } = this.#app;
    if (active === undefined || isReloading) return false;
    const { forking, number } = active;
    const onTheirWay = forking + this.#fleet.workersOf(number, 'booting', 'leaving').length;
    return onTheirWay === 0 && this.#fleet.workersOf(number, 'ready').length === wanted;
  }

  note(sample: Sample): void {
    if (this.#fleet.stop !== 'no' || this.#app.wanted === 0) return;
    this.#samples = [...this.#samples.slice(1 - KEPT_SAMPLES), sample];
    const { wanted } = this.#app;
    const { workers, boot, serving } = this.#plan;
    const reservedLanes = serving.laneRules.reduce((sum, { reserve }) => sum + reserve, 0);
    const found = recommend(this.#samples, { wanted, ...workers, threads: boot.maxLanes, reservedLanes });
    if (found.change !== 0) {
      this.#want(wanted + found.change);
      this.#log.info(`Workers: ${wanted} → ${wanted + found.change}, ${found.reason}`);
    } else if (found.hindrance !== null && !this.#told.has(found.hindrance.what)) {
      this.#told.add(found.hindrance.what);
      this.#log.info(`Workers: ${wanted}, and no more although requests wait: ${found.hindrance.fact}`);
    }
  }

  #want(count: number): void {
    if (count === this.#app.wanted) return;
    this.#app.wanted = count;
    // What was measured, and told, was about another number.
    this.#samples = [];
    this.#told.clear();
  }
}
