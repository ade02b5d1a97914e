import type { Clock } from '../../lib/clock.ts';
import type { Verdict } from './attempt-verdict.ts';
import { createFailureCount, type FailureCount, type FailureLimits } from './failure-count.ts';

/** Closed: calls go through. Open: none does. Half-open: one at a time does, as a probe. */
export type CircuitState = 'closed' | 'open' | 'half-open';

export interface CircuitOptions extends FailureLimits {
  /** How long no call is let through. */
  readonly openMs: number;
  readonly clock: Clock;
  readonly onChange: (state: CircuitState) => void;
}

/** What a call is let in with; it counts for nothing, and opens nothing, once the state has changed. */
export type Ticket = number;

/**
 * Whether an upstream may be asked, by how it did of late. It opens when failures are too many or one is beyond retry;
 * after `openMs` the next call is let in as a probe, and no other until that has ended: a good one closes the circuit, a
 * failed one opens it again, and one that says nothing leaves its place to the next call. It needs no timer: time passes
 * when somebody asks.
 */
export class Circuit {
  readonly #options: CircuitOptions;
  readonly #failures: FailureCount;
  #state: CircuitState = 'closed';
  #ticket: Ticket = 0;
  #openUntilMs = 0;
  #isProbing = false;

  constructor(options: CircuitOptions) {
    this.#options = options;
    this.#failures = createFailureCount(options, options.clock);
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** How long no call will be let in; 0 unless open. */
  get leftMs(): number {
    const { clock, openMs } = this.#options;
    const nowMs = clock.now();
    // Never longer than it was to be, so that a wall clock set back cannot keep it open.
    this.#openUntilMs = Math.min(this.#openUntilMs, nowMs + openMs);
    return this.#state === 'open' ? Math.max(0, this.#openUntilMs - nowMs) : 0;
  }

  /** Lets a call in, or not: null. Whoever got a ticket settles it. */
  admit(): Ticket | null {
    if (this.#state === 'open' && this.leftMs === 0) {
      this.#enter('half-open');
    }
    if (this.#state === 'open' || this.#isProbing) {
      return null;
    }
    this.#isProbing = this.#state === 'half-open';
    return this.#ticket;
  }

  /** Whether a call that was let in some time ago may still go on to the upstream. */
  isGood(ticket: Ticket): boolean {
    return this.#state === 'closed' || ticket === this.#ticket;
  }

  /** Told once how the call ended. */
  settle(ticket: Ticket, verdict: Verdict): void {
    if (ticket !== this.#ticket) {
      // Of a call that began before the state changed: what it tells is known.
      return;
    }
    if (this.#state === 'half-open') {
      this.#settleProbe(verdict);
    } else if (verdict === 'works') {
      this.#failures.succeeded();
    } else if (verdict === 'broken' || (verdict === 'failed' && this.#failures.failed())) {
      this.#open();
    }
  }

  #settleProbe(verdict: Verdict): void {
    this.#isProbing = false;
    if (verdict === 'works') {
      this.#failures.reset();
      this.#enter('closed');
    } else if (verdict !== 'nothing') {
      this.#open();
    }
  }

  #open(): void {
    const { clock, openMs } = this.#options;
    this.#openUntilMs = clock.now() + openMs;
    this.#enter('open');
  }

  #enter(state: CircuitState): void {
    this.#state = state;
    this.#ticket += 1;
    this.#options.onChange(state);
  }
}
