import { getHeapStatistics } from 'node:v8';
import { loadShedding } from '../telemetry/channels.ts';

/** How hard the process had it for a while. */
export interface Strain {
  /** How long that while was. */
  readonly forMs: number;
  /** How late the event loop was in it, at worst. */
  readonly eventLoopDelayMs: number;
  /** How much of the memory that JavaScript may have is in use at its end. */
  readonly heapPercent: number;
}

/** What the strain is read off. */
export interface Gauge {
  /** How late the event loop is at this moment. */
  delayNowMs(): number;
  stop(): void;
}

/** Tells of one while after the other, without a gap, until it is stopped. */
export type WatchStrain = (onStrain: (strain: Strain) => void) => Gauge;

export interface OverloadOptions {
  readonly maxEventLoopDelayMs: number;
  readonly maxHeapPercent: number;
  /** How long it must have been too much without a break. */
  readonly overloadAfterMs: number;
  /** Default: that of this process. */
  readonly watch?: WatchStrain;
}

/** So much of the limit is the work of one turn of the event loop, while there is more than can be done. */
const TURN_PART = 1 / 4;
/** One pause of the garbage collector, or one costly request, is no reason yet. */
const LATE_AFTER_MS = 300;

/**
 * Lets so many requests in as the process can answer (reliability F16). Two rules:
 *
 * - While the event loop is late again and again, a turn of it takes in no more requests once it has lasted for a quarter of the
 *   limit: the others are refused at once. Without, whoever is to be refused waits behind all who are not.
 * - When the loop has been too late, or the heap too full, for some time, nobody is let in but one for each while, until one was
 *   in order. That one, because what frees memory is work, and a process that refused everybody would not find out that it
 *   could do better.
 */
export class Overload {
  readonly #options: Omit<OverloadOptions, 'watch'>;
  readonly #gauge: Gauge;
  #lateMs = 0;
  #strainedMs = 0;
  #isOverloaded = false;
  #mayTry = false;

  constructor({ watch = watchProcess, ...options }: OverloadOptions) {
    this.#options = options;
    this.#gauge = watch((strain) => this.#note(strain));
  }

  /** Whether a request that comes now is to be served. */
  admits(): boolean {
    if (!this.#isOverloaded) {
      return this.#lateMs < LATE_AFTER_MS || this.#gauge.delayNowMs() <= this.#turnMs;
    }
    const mayTry = this.#mayTry;
    this.#mayTry = false;
    return mayTry;
  }

  close(): void {
    this.#gauge.stop();
  }

  get #turnMs(): number {
    return this.#options.maxEventLoopDelayMs * TURN_PART;
  }

  #note({ forMs, eventLoopDelayMs, heapPercent }: Strain): void {
    const { maxEventLoopDelayMs, maxHeapPercent, overloadAfterMs } = this.#options;
    const isStrained = eventLoopDelayMs > maxEventLoopDelayMs || heapPercent > maxHeapPercent;
    this.#lateMs = eventLoopDelayMs > this.#turnMs ? this.#lateMs + forMs : 0;
    this.#strainedMs = isStrained ? this.#strainedMs + forMs : 0;
    this.#mayTry = true;
    const isOverloaded = this.#strainedMs >= overloadAfterMs;
    if (isOverloaded !== this.#isOverloaded) {
      this.#isOverloaded = isOverloaded;
      const state = isOverloaded ? 'begun' : 'over';
      loadShedding.publish({ state, eventLoopDelayMs, heapPercent: Math.round(heapPercent) });
    }
  }
}

const TICK_MS = 25;
const WHILE_MS = 100;

/**
 * Costs a timer 40 times a second, which keeps no process alive. Node's own histogram of the delay would not do: it forgets the
 * stall that goes on while it is reset, which is every one where the loop is late all the time.
 */
export const watchProcess: WatchStrain = (onStrain) => {
  let tickedAtMs = performance.now();
  let beganAtMs = tickedAtMs;
  let eventLoopDelayMs = 0;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    eventLoopDelayMs = Math.max(eventLoopDelayMs, Math.round(nowMs - tickedAtMs - TICK_MS));
    tickedAtMs = nowMs;
    if (nowMs - beganAtMs >= WHILE_MS) {
      onStrain({ forMs: nowMs - beganAtMs, eventLoopDelayMs, heapPercent: usedHeapPercent() });
      beganAtMs = nowMs;
      eventLoopDelayMs = 0;
    }
  }, TICK_MS).unref();
  return {
    delayNowMs: () => performance.now() - tickedAtMs - TICK_MS,
    stop: () => {
      clearInterval(timer);
    },
  };
};

function usedHeapPercent(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return (used / limit) * 100;
}
