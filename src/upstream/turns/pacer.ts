import type { Clock } from '../../lib/clock.ts';
import { FairQueue, type Contender } from './fair-queue.ts';
import { type Limiter, type Turn, type TurnRequest, waitTooLong } from './limiter.ts';
import type { Slot, Slots } from '../slots/slots.ts';

/** A slot, once taken, needs no giving back. */
const TURN: Turn = { release: () => undefined };
const ALL_LEFT = new Error('nobody waits any more');

/** What waits for the slots of a budget. */
export interface QueueCondition {
  readonly calls: number;
  /** How many reads wait for those calls: several may share one. */
  readonly reads: number;
  /** How long the first of them has been waiting; 0 when none does. */
  readonly oldestMs: number;
}

/** A limiter that can be looked into. */
export interface PacedLimiter extends Limiter {
  queue(): QueueCondition;
}

/**
 * Lets one call leave in each slot of a budget, and only over a connection that is ready: one that must first be made
 * delays a call, and calls that left apart arrive together (reliability T2). It queues, and refuses only who has no time
 * for the wait: when it asks, or as soon as a slot turns out later than was known. A slot goes to whoever is due when it
 * comes. Idle, it holds no timer.
 */
export function createPacer(slots: Slots, clock: Clock): PacedLimiter {
  return new Pacer(slots, clock);
}

class Pacer implements PacedLimiter {
  readonly #slots: Slots;
  readonly #clock: Clock;
  readonly #queue = new FairQueue<Waiting>();
  /** When the next turn comes, as far as is known; null while nothing is. */
  #nextTurnAtMs: number | null = null;
  /** How far apart the turns of this process have been of late; with others at the same budget, more than the spacing. */
  #intervalMs: number;
  #sleep: AbortController | null = null;
  #isServing = false;
  #willTell = false;

  constructor(slots: Slots, clock: Clock) {
    this.#slots = slots;
    this.#clock = clock;
    this.#intervalMs = slots.spacingMs;
  }

  async acquire(request: TurnRequest): Promise<Turn> {
    const { signal } = request.scope;
    for (;;) {
      signal.throwIfAborted();
      if (!request.isReady()) {
        await request.makeReady(signal);
      }
      if (await this.#waitForTurn(request)) {
        return TURN;
      }
    }
  }

  pushBack(ms: number): void {
    this.#slots.pushBack(ms);
  }

  queue(): QueueCondition {
    const waiting = [...this.#queue];
    const [first] = waiting;
    return {
      calls: waiting.length,
      reads: waiting.reduce((sum, { reads }) => sum + reads, 0),
      oldestMs: first === undefined ? 0 : Math.max(0, this.#clock.now() - first.sinceMs),
    };
  }

  /** False when the turn came and the connection was no longer ready. */
  async #waitForTurn(request: TurnRequest): Promise<boolean> {
    const waiting = new Waiting(request, this.#clock.now());
    const { signal } = request.scope;
    const leave = (): void => {
      waiting.refuse(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#queue.add(waiting);
    this.#tellSoon();
    void this.#serve();
    try {
      return await waiting.turn;
    } finally {
      signal.removeEventListener('abort', leave);
      this.#queue.remove(waiting);
      this.#wakeWhenEmpty();
    }
  }

  async #serve(): Promise<void> {
    if (this.#isServing) {
      return;
    }
    this.#isServing = true;
    let lastAtMs: number | null = null;
    while (this.#queue.size > 0) {
      const slot = await this.#slots.reserve();
      if ('askAgainAtMs' in slot) {
        this.#expect(slot.notBeforeMs);
        await this.#sleepUntil(slot.askAgainAtMs);
        continue;
      }
      this.#intervalMs = Math.max(this.#slots.spacingMs, slot.atMs - (lastAtMs ?? slot.atMs));
      lastAtMs = slot.atMs;
      this.#expect(slot.atMs);
      await this.#sleepUntil(slot.atMs);
      this.#give(slot);
    }
    this.#isServing = false;
    this.#nextTurnAtMs = null;
    this.#intervalMs = this.#slots.spacingMs;
  }

  /** One call leaves, unless all have left meanwhile or none has a connection: then the slot is lost. */
  #give(slot: Slot): void {
    const nowMs = this.#clock.now();
    if (nowMs > slot.expiresAtMs || this.#queue.size === 0) {
      return;
    }
    this.#slots.used(nowMs);
    for (let [next] = this.#queue.take(1); next !== undefined; [next] = this.#queue.take(1)) {
      if (next.give()) {
        return;
      }
    }
  }

  #expect(nextTurnAtMs: number): void {
    this.#nextTurnAtMs = nextTurnAtMs;
    this.#tell();
  }

  /** Once for all that come in one turn of the event loop. */
  #tellSoon(): void {
    if (!this.#willTell && this.#nextTurnAtMs !== null) {
      this.#willTell = true;
      queueMicrotask(() => {
        this.#willTell = false;
        this.#tell();
      });
    }
  }

  /** Tells everybody when their turn comes; who has no time for that leaves, and those behind move up. */
  #tell(): void {
    let atMs = this.#nextTurnAtMs ?? this.#clock.now();
    for (const waiting of this.#queue.order()) {
      if (waiting.expect(atMs, this.#intervalMs, this.#clock.now())) {
        atMs += this.#intervalMs;
      }
    }
  }

  /** Ends early when all have left. A wall clock that is set back meanwhile makes the wait no longer. */
  async #sleepUntil(atMs: number): Promise<void> {
    const { signal } = (this.#sleep = new AbortController());
    let leftMs = atMs - this.#clock.now();
    let leftBeforeMs = Number.POSITIVE_INFINITY;
    // More than once only because timers may be a little early.
    while (leftMs > 0 && leftMs < leftBeforeMs && this.#queue.size > 0) {
      await this.#clock.sleep(leftMs, signal).catch(() => undefined);
      leftBeforeMs = leftMs;
      leftMs = atMs - this.#clock.now();
    }
  }

  #wakeWhenEmpty(): void {
    if (this.#queue.size === 0) {
      this.#sleep?.abort(ALL_LEFT);
    }
  }
}

class Waiting implements Contender {
  readonly #request: TurnRequest;
  /** When it came, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly #turn = Promise.withResolvers<boolean>();

  constructor(request: TurnRequest, sinceMs: number) {
    this.#request = request;
    this.sinceMs = sinceMs;
  }

  get callers(): ReadonlySet<string> | undefined {
    return this.#request.scope.callers;
  }

  get isBackground(): boolean {
    return this.#request.scope.isBackground === true;
  }

  get reads(): number {
    return this.#request.scope.joined ?? 1;
  }

  get turn(): Promise<boolean> {
    return this.#turn.promise;
  }

  refuse(reason: unknown): void {
    this.#turn.reject(reason);
  }

  /** Whether the call leaves now. */
  give(): boolean {
    const isReady = this.#request.isReady();
    this.#turn.resolve(isReady);
    return isReady;
  }

  /** Whether there is time to wait until then. */
  expect(atMs: number, intervalMs: number, nowMs: number): boolean {
    const { scope, origin } = this.#request;
    const refusal = (): Error => waitTooLong(origin, atMs - nowMs);
    scope.expectTurn?.(atMs, intervalMs, refusal);
    if (scope.deadlineMs > atMs) {
      return true;
    }
    this.refuse(refusal());
    return false;
  }
}
