import type { Clock } from '../../lib/clock.ts';
import { type Contender, FairQueue } from '../../upstream/turns/fair-queue.ts';
import { deadlinePassed } from '../../upstream/join.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import { SharedScope } from '../../lib/shared-scope.ts';
import { type BatchComputeClient, MAX_BATCH_COMPUTE_JOBS } from './client.ts';
import { type BatchComputeResult, readBatch } from './read-batch.ts';

const LEFT = new Error('nobody waits for these jobs any more');
const NOBODY: ReadonlySet<string> = new Set(['']);
/** How soon who comes too late knows; where many do, they are told together. */
const TELL_WITHIN_MS = 10;

/**
 * Reads by id of one origin, of all requests together. Ids wait for the next turn of DescribeJobs and leave in one call,
 * up to 100 and a fair share for each caller: waiting costs nothing more and makes the call fuller (design section 2). A job
 * that several ask for is asked for once, also while a call for it is under way.
 *
 * One call is in the queue at a time, on behalf of all who wait; when it departs and leaves ids behind, the next queues up.
 */
export class BatchComputeReader {
  readonly #client: BatchComputeClient;
  readonly #clock: Clock;
  readonly #asks = new Map<string, Ask>();
  readonly #waiting = new FairQueue<Ask>();
  #queued: Flight | null = null;
  #willTell = false;

  constructor(client: BatchComputeClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /**
   * What each of these distinct, well-formed ids gave: the job, null when there is none, or the Error of that id, which is
   * `UPSTREAM_RATE_LIMITED` when its turn would come too late and `UPSTREAM_TIMEOUT` when the answer does. Rejects only with
   * the signal's reason. About one call per 100 ids that all requests ask for within one turn.
   */
  async read(jobIds: readonly string[], scope: CallScope): Promise<ReadonlyMap<string, BatchComputeResult>> {
    scope.signal.throwIfAborted();
    if (scope.deadlineMs <= this.#clock.now()) {
      return new Map(jobIds.map((jobId) => [jobId, deadlinePassed(this.#client.origin)]));
    }
    const reads = jobIds.map(async (jobId) => [jobId, await this.#readOne(jobId, scope)] as const);
    this.#tellWhoIsLate(scope);
    const results = new Map(await Promise.all(reads));
    scope.signal.throwIfAborted();
    return results;
  }

  async #readOne(jobId: string, scope: CallScope): Promise<BatchComputeResult> {
    const { origin } = this.#client;
    const known = this.#asks.get(jobId);
    const ask = known ?? new Ask(jobId);
    const lateError = (): Error => deadlinePassed(origin);
    const result = ask.scope.wait({ scope, clock: this.#clock, result: ask.result, lateError });
    if (known === undefined) {
      this.#begin(ask);
    }
    return await result.catch(asError);
  }

  #begin(ask: Ask): void {
    this.#asks.set(ask.jobId, ask);
    this.#waiting.add(ask);
    ask.scope.signal.addEventListener('abort', () => {
      this.#withdraw(ask);
    });
    this.#queueUp();
  }

  /** Whoever may have no time for its turn is to know soon; to find out for certain takes a look at all who wait. */
  #tellWhoIsLate({ deadlineMs, callers = NOBODY }: CallScope): void {
    const place = Math.max(...[...callers].map((caller) => this.#waiting.placeBehind(caller)));
    if (this.#willTell || this.#queued?.mayLeaveBehind(place, deadlineMs) !== true) {
      return;
    }
    this.#willTell = true;
    this.#clock.after(TELL_WITHIN_MS, () => {
      this.#willTell = false;
      this.#queued?.tellExpectedTurn();
    });
  }

  #queueUp(): void {
    if (this.#queued === null && this.#waiting.size > 0) {
      this.#queued = new Flight(this.#waiting);
      void this.#fly(this.#queued);
    }
  }

  async #fly(flight: Flight): Promise<void> {
    const depart = (): readonly string[] => this.#depart(flight);
    try {
      const results = await readBatch(this.#client, depart, flight);
      flight.asks?.forEach((ask) => {
        this.#settle(ask, results.get(ask.jobId) ?? null);
      });
    } catch (error) {
      if (flight.asks === null) {
        // One that never departed fails for all who wait: what stopped it would stop the next.
        flight.depart(this.#waiting.take(this.#waiting.size));
      }
      flight.asks?.forEach((ask) => {
        this.#settle(ask, asError(error));
      });
    }
    if (this.#queued === flight) {
      this.#queued = null;
      this.#queueUp();
    }
  }

  /** It is this call's turn: who goes with it? */
  #depart(flight: Flight): readonly string[] {
    const asks = this.#waiting.take(MAX_BATCH_COMPUTE_JOBS);
    flight.depart(asks);
    this.#queued = null;
    this.#queueUp();
    return asks.map(({ jobId }) => jobId);
  }

  #settle(ask: Ask, result: BatchComputeResult): void {
    this.#forget(ask);
    ask.settle(result);
  }

  /** Nobody waits for it any more; a call that nobody else needs is ended. */
  #withdraw(ask: Ask): void {
    this.#forget(ask);
    this.#waiting.remove(ask);
    const flight = ask.flight ?? this.#queued;
    if (flight !== null && !flight.isWanted) {
      this.#queued = this.#queued === flight ? null : this.#queued;
      flight.abort();
    }
  }

  /** Only its own: the job may have been asked for anew. */
  #forget(ask: Ask): void {
    if (this.#asks.get(ask.jobId) === ask) {
      this.#asks.delete(ask.jobId);
    }
  }
}

/** A job that is asked for, by all who ask for it. */
class Ask implements Contender {
  readonly jobId: string;
  readonly scope = new SharedScope();
  /** The call that carries it; null while it waits for one. */
  flight: Flight | null = null;
  readonly #result = Promise.withResolvers<BatchComputeResult>();

  constructor(jobId: string) {
    this.jobId = jobId;
  }

  get callers(): ReadonlySet<string> {
    return this.scope.callers;
  }

  get isBackground(): boolean {
    return this.scope.isBackground;
  }

  get result(): Promise<BatchComputeResult> {
    return this.#result.promise;
  }

  settle(result: BatchComputeResult): void {
    this.#result.resolve(result);
  }
}

type OnCall = NonNullable<CallScope['onCall']>;
type ExpectTurn = NonNullable<CallScope['expectTurn']>;

/** A call, on behalf of all who wait until it departs, and then of those whom it carries. */
class Flight implements CallScope {
  readonly #waiting: FairQueue<Ask>;
  readonly #controller = new AbortController();
  /** Whom it carries; null while it has not departed. */
  asks: readonly Ask[] | null = null;
  #expectation: Parameters<ExpectTurn> | null = null;
  /** Calls that were begun for it before it was known whom it carries. */
  readonly #calls: Parameters<OnCall>[0][] = [];

  constructor(waiting: FairQueue<Ask>) {
    this.#waiting = waiting;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get deadlineMs(): number {
    return Math.max(...this.#scopes().map(({ deadlineMs }) => deadlineMs));
  }

  get callers(): ReadonlySet<string> {
    return new Set(this.#scopes().flatMap(({ callers }) => Array.from(callers)));
  }

  get isBackground(): boolean {
    return this.#scopes().every(({ isBackground }) => isBackground);
  }

  get joined(): number {
    return this.#scopes().reduce((sum, { joined }) => sum + joined, 0);
  }

  /** Whoever waits for a call is there because somebody wants it. */
  get isWanted(): boolean {
    return this.asks === null ? this.#waiting.size > 0 : this.asks.some(({ scope }) => scope.isWanted);
  }

  readonly expectTurn: ExpectTurn = (...expectation) => {
    this.#expectation = expectation;
    this.tellExpectedTurn();
  };

  get onCall(): OnCall | undefined {
    return this.#scopes().some(({ onCall }) => onCall !== undefined) ? this.#tellCall : undefined;
  }

  /** A call is in the queue for whoever will go with it, which is known when it departs. */
  readonly #tellCall: OnCall = (call) => {
    if (this.asks === null) {
      this.#calls.push(call);
    }
    this.asks?.forEach(({ scope }) => scope.onCall?.(call));
  };

  /** Of those who go with it; the call has departed when it is sent. */
  readonly onSend: NonNullable<CallScope['onSend']> = (atMs) => {
    this.asks?.forEach(({ scope }) => {
      scope.onSend(atMs);
    });
  };

  /** Refuses who has no time for it, also of those who have come since. Of more than a call can carry, the rest goes later. */
  tellExpectedTurn(): void {
    if (this.#expectation === null) {
      return;
    }
    const [atMs, spacingMs, refusal] = this.#expectation;
    (this.asks ?? this.#waiting.order()).forEach(({ scope }, index) => {
      const turnsBefore = Math.floor(index / MAX_BATCH_COMPUTE_JOBS);
      scope.expectTurn(atMs + turnsBefore * spacingMs, spacingMs, refusal);
    });
  }

  /** Whether what stands at that place may have to wait beyond the deadline. */
  mayLeaveBehind(place: number, deadlineMs: number): boolean {
    if (this.#expectation === null) {
      return false;
    }
    const [atMs, spacingMs] = this.#expectation;
    return deadlineMs <= atMs + Math.floor(place / MAX_BATCH_COMPUTE_JOBS) * spacingMs;
  }

  depart(asks: readonly Ask[]): void {
    this.asks = asks;
    asks.forEach((ask) => {
      this.#calls.forEach((call) => ask.scope.onCall?.(call));
      ask.flight = this;
    });
  }

  abort(): void {
    this.#controller.abort(LEFT);
  }

  #scopes(): SharedScope[] {
    return [...(this.asks ?? this.#waiting)].map(({ scope }) => scope);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a read failed', { cause: error });
}
