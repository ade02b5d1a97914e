import type { CallScope } from '../lib/call-scope.ts';
import type { Clock } from '../lib/clock.ts';
import { SingleFlight } from '../lib/single-flight.ts';
import { type Entry, idOf, stateOf } from './entry.ts';
import type { FleetKnowledge } from './fleet-knowledge.ts';
import { type Answer, entryOf, type Load, type Question } from './question.ts';
import { TURN_MS } from './shared-tier.ts';

/** The pauses between two looks at what another replica reads, in milliseconds; the last one again and again. */
const PAUSES_MS = [10, 20, 40, 80, 100];

/** Up to which state an entry that is found will do. */
type Sufficient = 'FRESH' | 'STALE';

/**
 * Reads what this process does not know, or not well enough: once for all who ask at a time, in this process and, by turns,
 * in the whole fleet. Whoever wants the same waits for one look at what the other replicas know and for one reading.
 */
export class TurnReader {
  readonly #clock: Clock;
  readonly #fleet: FleetKnowledge;
  readonly #looks: SingleFlight<Answer<unknown>>;
  readonly #readings: SingleFlight<Entry<unknown>>;

  constructor(clock: Clock, fleet: FleetKnowledge) {
    this.#clock = clock;
    this.#fleet = fleet;
    this.#looks = new SingleFlight(clock);
    this.#readings = new SingleFlight(clock);
  }

  /**
   * What another replica knows, when it is fresh or stale, or else what is read. Rejects with what `load` threw, with the
   * caller's reason, or with `lateError()`.
   */
  async lookOrRead<T>(question: Question<T>, load: Load<T>, scope: CallScope): Promise<Answer<T>> {
    if (!this.#fleet.isShared) {
      return { entry: await this.read(question, load, scope), outcome: 'FRESH' };
    }
    const answer = await this.#looks.share({
      key: idOf(question.key),
      scope,
      work: (looking) => this.#lookOrRead(question, load, looking, 'STALE'),
      lateError: () => question.lateError(),
      lingerMs: question.lingerMs ?? 0,
    });
    return answer as Answer<T>;
  }

  /** Has something fresh known, read by us or by another replica, for nobody who waits. Rejects as `lookOrRead` does. */
  async refresh<T>(question: Question<T>, load: Load<T>, scope: CallScope): Promise<void> {
    await this.#lookOrRead(question, load, scope, 'FRESH');
  }

  /** What is read, without a look at what is known anywhere. Rejects as `lookOrRead` does. */
  async read<T>(
    question: Question<T>,
    load: Load<T>,
    scope: CallScope,
    lingerMs = question.lingerMs ?? 0,
  ): Promise<Entry<T>> {
    const entry = await this.#readings.share({
      key: idOf(question.key),
      scope,
      work: (reading) => this.#readOnce(question, load, reading),
      lateError: () => question.lateError(),
      lingerMs,
    });
    return entry as Entry<T>;
  }

  async #lookOrRead<T>(
    question: Question<T>,
    load: Load<T>,
    scope: CallScope,
    sufficient: Sufficient,
  ): Promise<Answer<T>> {
    const found = await this.#findInFleet(question, scope, sufficient);
    // The look goes on for as long as it may linger already.
    return found ?? { entry: await this.read(question, load, scope, 0), outcome: 'FRESH' };
  }

  /** What the others know, waiting where one of them is reading; null where it is our turn to read, or nobody's. */
  async #findInFleet<T>(
    question: Question<T>,
    scope: CallScope,
    sufficient: Sufficient,
  ): Promise<Answer<T> | null> {
    // A replica that prolongs its turn is alive, and may wait for a slot itself. Half of the time is left to read after all.
    const untilMs = this.#clock.now() + Math.max(TURN_MS, (scope.deadlineMs - this.#clock.now()) / 2);
    for (let looks = 0; this.#clock.now() < untilMs; looks += 1) {
      const { known, turn } = await this.#fleet.lookup(question);
      const answer = known === null ? null : this.#answerBy(known, sufficient);
      if (answer !== null) {
        return answer;
      }
      if (turn !== 'THEIRS') {
        if (turn === 'OURS' && (scope.signal.aborted || scope.deadlineMs <= this.#clock.now())) {
          // All have left meanwhile: nothing will be read, and nobody else is to wait for it.
          this.#fleet.releaseTurn(question.key);
        }
        return null;
      }
      await this.#clock.sleep(PAUSES_MS[looks] ?? 100, scope.signal);
    }
    return null;
  }

  #answerBy<T>(entry: Entry<T>, sufficient: Sufficient): Answer<T> | null {
    const state = stateOf(entry, this.#clock.now());
    if (state === 'FRESH') {
      return { entry, outcome: 'CACHED', isFromRedis: true };
    }
    return state === sufficient ? { entry, outcome: 'STALE', isFromRedis: true } : null;
  }

  async #readOnce<T>(question: Question<T>, load: Load<T>, scope: CallScope): Promise<Entry<T>> {
    const beganAtMs = this.#clock.now();
    const letGo = this.#fleet.holdTurn(question.key);
    try {
      const { value, fetchedAtMs, askedAtMs = scope.sentAtMs ?? beganAtMs } = await load(scope);
      const newest = this.#fleet.take(question, entryOf(question, { value, fetchedAtMs, askedAtMs }));
      // Told before anybody is answered: whoever asks another replica next is not to see an older value there.
      await this.#fleet.share(question, newest);
      return newest;
    } catch (error) {
      this.#fleet.releaseTurn(question.key);
      throw error;
    } finally {
      letGo();
    }
  }
}
