import type { CallScope } from './call-scope.ts';
import type { Clock } from './clock.ts';
import { SharedScope } from './shared-scope.ts';

interface Flight<T> {
  readonly scope: SharedScope;
  readonly result: Promise<T>;
}

export interface Share<T> {
  /** What tells one piece of work from another. */
  readonly key: string;
  /** Whoever wants the result, until its signal aborts or its deadline comes. */
  readonly scope: CallScope;
  /** Does the work, once for all who come while it goes on. Its scope belongs to all of them. */
  readonly work: (scope: SharedScope) => Promise<T>;
  /** What one is told whose deadline has come. */
  readonly lateError: () => Error;
  /** How long the work goes on after the last one's deadline: `SharedScope`. */
  readonly lingerMs?: number;
}

/**
 * Work that is done once at a time, whoever asks for it. Each waits until its own deadline and leaves alone; the work is
 * aborted when the last has left. A failure is shared like a result, and nothing is kept once it is there.
 */
export class SingleFlight<T> {
  readonly #clock: Clock;
  readonly #flights = new Map<string, Flight<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The result of the work that goes by the key, begun unless it is under way. Rejects with what made it fail, with the
   * caller's reason, or with `lateError()`; one who has left already, or comes too late, begins nothing.
   */
  async share({ key, scope, work, lateError, lingerMs = 0 }: Share<T>): Promise<T> {
    scope.signal.throwIfAborted();
    if (scope.deadlineMs <= this.#clock.now()) {
      throw lateError();
    }
    const flight = this.#underWay(key) ?? this.#begin(key, work, lingerMs);
    return await flight.scope.wait({ scope, clock: this.#clock, result: flight.result, lateError });
  }

  /** Work that everybody has left takes no one in any more, also where it has not noticed yet. */
  #underWay(key: string): Flight<T> | null {
    const flight = this.#flights.get(key) ?? null;
    return flight?.scope.signal.aborted === true ? null : flight;
  }

  /** The work itself begins once somebody waits for it: its scope has nobody before. */
  #begin(key: string, work: Share<T>['work'], lingerMs: number): Flight<T> {
    const shared = new SharedScope({ lingerMs });
    const result = Promise.resolve().then(() => work(shared));
    const flight: Flight<T> = { scope: shared, result };
    this.#flights.set(key, flight);
    const forget = (): void => {
      if (this.#flights.get(key) === flight) {
        this.#flights.delete(key);
      }
    };
    result.then(forget, forget);
    return flight;
  }
}
