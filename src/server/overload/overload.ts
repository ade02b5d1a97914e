import { loadShedding } from '../../telemetry/channels.ts';
import { type Strain, thisProcess, type Watch } from './strain.ts';
import { WaitingLine } from './waiting-line.ts';

export interface OverloadOptions {
  readonly maxEventLoopDelayMs: number;
  readonly maxHeapPercent: number;
  /** How long it must have been too much without a break. */
  readonly overloadAfterMs: number;
  /** Default: this process. */
  readonly watch?: Watch;
}

/** So much of the limit a turn of the event loop may last where requests wait for the next. */
const TURN_PART = 1 / 16;
/** For so long there must have been no reason to refuse anybody before it is told that all are taken again. */
const OVER_AFTER_MS = 500;

/**
 * Lets so many requests in as the process can answer (reliability F16). What comes faster waits in line, and is refused where
 * the line does not end. When the event loop has been too late all the same, or the heap too full, for some time, nobody is
 * let in but one for each while, until one was in order. That one, because what frees memory is work, and a process that
 * refused everybody would not find out that it could do better.
 */
export class Overload {
  readonly #options: Omit<OverloadOptions, 'watch'>;
  readonly #line: WaitingLine;
  readonly #unwatch: () => void;
  #strainedMs = 0;
  #isOverloaded = false;
  #mayTry = false;
  #hasRefused = false;
  #sinceRefusalMs = 0;
  #isTold = false;

  constructor({ watch = thisProcess, ...options }: OverloadOptions) {
    this.#options = options;
    this.#line = new WaitingLine({
      turnMs: options.maxEventLoopDelayMs * TURN_PART,
      watchTurns: watch.turns,
    });
    this.#unwatch = watch.strain((strain) => {
      this.#note(strain);
    });
  }

  /** Calls `begin`, which answers a request, now or soon; or gives false, and never does: the request is to be refused. */
  offer(begin: () => void): boolean {
    const isTaken = this.#isOverloaded ? this.#try(begin) : this.#line.offer(begin);
    this.#hasRefused ||= !isTaken;
    return isTaken;
  }

  /** Ends the watch over the process. What waits in line is still begun. */
  close(): void {
    this.#unwatch();
  }

  #try(begin: () => void): boolean {
    const mayTry = this.#mayTry;
    this.#mayTry = false;
    if (mayTry) {
      begin();
    }
    return mayTry;
  }

  #note(strain: Strain): void {
    const { forMs, eventLoopDelayMs, heapPercent } = strain;
    const { maxEventLoopDelayMs, maxHeapPercent, overloadAfterMs } = this.#options;
    const isStrained = eventLoopDelayMs > maxEventLoopDelayMs || heapPercent > maxHeapPercent;
    this.#strainedMs = isStrained ? this.#strainedMs + forMs : 0;
    this.#isOverloaded = this.#strainedMs >= overloadAfterMs;
    this.#mayTry = true;
    this.#tell(strain);
  }

  /** Begun with the first refusal, and over when there was no reason for one for a while. */
  #tell({ forMs, eventLoopDelayMs, heapPercent }: Strain): void {
    const isInOrder = !this.#hasRefused && !this.#isOverloaded;
    this.#sinceRefusalMs = isInOrder ? this.#sinceRefusalMs + forMs : 0;
    const isShedding = this.#hasRefused || (this.#isTold && this.#sinceRefusalMs < OVER_AFTER_MS);
    this.#hasRefused = false;
    if (isShedding !== this.#isTold) {
      this.#isTold = isShedding;
      const state = isShedding ? 'begun' : 'over';
      loadShedding.publish({ state, eventLoopDelayMs, heapPercent: Math.round(heapPercent) });
    }
  }
}
