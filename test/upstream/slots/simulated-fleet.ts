/**
 * Replicas with one budget, a Redis between them and an upstream that notes arrivals, on one clock that a test moves: a
 * minute passes in a fraction of a second. What decides is real: the pacer, the slots, and the script, which runs on a
 * real Redis that is told the time and when it was started. Simulated are the network, and the ways in which it fails.
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../../../src/lib/clock.ts';
import type { RedisConnection } from '../../../src/lib/redis.ts';
import { createFleetSlots, type OpenSlots } from '../../../src/upstream/slots/fleet-slots.ts';
import type { Fleet } from '../../../src/upstream/slots/fleet.ts';
import type { Limiter } from '../../../src/upstream/turns/limiter.ts';
import { createPacer } from '../../../src/upstream/turns/pacer.ts';
import { SLOT_SCRIPT } from '../../../src/upstream/slots/slot-script.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { BATCH_ORIGIN } from '../support.ts';

export const SPACING_MS = 550;
const COMMAND_TIMEOUT_MS = 250;
const CALLERS = 4;
const PATIENCE_MS = 10_000;

const TOLD_SCRIPT = replaced(
  replaced(SLOT_SCRIPT, "redis.call('TIME')", '{ tonumber(ARGV[9]), tonumber(ARGV[10]) }'),
  "redis.pcall('INFO', 'server')",
  "'run_id:' .. ARGV[11]",
);

function replaced(text: string, part: string, by: string): string {
  if (text.split(part).length !== 2) {
    throw new Error(`expected the script to hold ${part} once`);
  }
  return text.replace(part, () => by);
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface FleetSettings {
  /** The real one, for this fleet alone. */
  readonly redis: Redis;
  readonly seed: number;
  readonly replicas: number;
  /** Whether the replicas have numbers. */
  readonly isNumbered: boolean;
  /** How many of them, the last ones, have nobody who calls. */
  readonly idle?: number;
}

export class SimulatedFleet {
  /** When calls arrived at the upstream. */
  readonly arrivals: number[] = [];
  /** When callers were refused. */
  readonly refusals: number[] = [];
  readonly replicas: SimulatedReplica[];
  /** Numbers from 0 to 1, from the fleet's seed. */
  readonly random: () => number;
  readonly #time = new FakeClock();
  readonly #redis: SimulatedRedis;
  readonly #start: (replicaIndex: number) => SimulatedReplica;

  constructor({ redis, seed, replicas, isNumbered, idle = 0 }: FleetSettings) {
    this.random = randomFrom(seed);
    this.#redis = new SimulatedRedis(redis, this.#time, this.random() * 2_000);
    this.#start = (replicaIndex) => {
      const clock = clockOf(this.#time, this.random);
      const fleet = isNumbered ? { replicaIndex, replicaCount: replicas } : null;
      const callers = replicaIndex < replicas - idle ? CALLERS : 0;
      return new SimulatedReplica(this.#redis, fleet, callers, clock, this.random, (outcome) => {
        this[outcome].push(this.#time.now());
      });
    };
    this.replicas = Array.from({ length: replicas }, (_, replicaIndex) => this.#start(replicaIndex));
  }

  /** One ends as a crash ends it, and another takes its number at once. */
  replace(replicaIndex: number): void {
    this.replicas[replicaIndex]?.close();
    const replica = this.#start(replicaIndex);
    this.replicas[replicaIndex] = replica;
    replica.reconnect();
  }

  get nowMs(): number {
    return this.#time.now();
  }

  /** Lets time pass, in steps of a millisecond, with all that happens in it done. */
  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1) {
      await this.#redis.isQuiet();
      await this.#time.advance(1);
    }
  }

  /** Redis stands still, and then runs what has come meanwhile. */
  stopRedis(): void {
    this.#redis.stop();
  }

  contRedis(): void {
    this.#redis.cont();
  }

  /** Redis ends, and with it what it knew. */
  async endRedis(): Promise<void> {
    await this.#redis.end();
  }

  beginRedis(): void {
    this.#redis.begin();
    for (const replica of this.replicas) {
      replica.reconnect();
    }
  }

  async close(): Promise<void> {
    for (const replica of this.replicas) {
      replica.close();
    }
    this.#redis.cont();
    await this.advance(2 * COMMAND_TIMEOUT_MS);
  }
}

/** The clocks of a fleet agree to a few milliseconds, and now and then a process is busy when somebody should wake. */
function clockOf(time: Clock, random: () => number): Clock {
  const offMs = Math.round(random() * 10);
  return {
    now: () => time.now() + offMs,
    sleep: (ms, signal) => time.sleep(ms + (random() < 0.05 ? 200 * random() : 0), signal),
    after: (ms, callback) => time.after(ms, callback),
  };
}

/** The script on the real Redis, at the simulated time. */
class SimulatedRedis {
  readonly #real: Redis;
  readonly #time: Clock;
  readonly #offMs: number;
  /** What is at the real one just now: the simulated time stands still for it. */
  readonly #running = new Set<Promise<unknown>>();
  #isStopped = Promise.withResolvers<void>();
  #isThere = true;
  #starts = 1;

  constructor(real: Redis, time: Clock, offMs: number) {
    this.#real = real;
    this.#time = time;
    this.#offMs = Math.round(offMs);
    this.#isStopped.resolve();
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  stop(): void {
    this.#isStopped = Promise.withResolvers();
  }

  cont(): void {
    this.#isStopped.resolve();
  }

  async end(): Promise<void> {
    this.#isThere = false;
    this.#starts += 1;
    await this.#real.flushall();
  }

  begin(): void {
    this.#isThere = true;
  }

  async isQuiet(): Promise<void> {
    await settle();
    while (this.#running.size > 0) {
      await Promise.all(this.#running);
      await settle();
    }
  }

  async run(key: string, args: readonly (string | number)[]): Promise<unknown> {
    const { promise: goesOn } = this.#isStopped;
    await goesOn;
    if (!this.#isThere) {
      throw new Error('the connection is closed');
    }
    const nowMs = this.#time.now() + this.#offMs;
    const told = [Math.floor(nowMs / 1_000), (nowMs % 1_000) * 1_000, `start${this.#starts}`];
    const running = this.#real.eval(TOLD_SCRIPT, 1, key, ...args, ...told);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}

/** A replica whose callers always want more than there is, and what lies between it and Redis. */
export class SimulatedReplica {
  readonly #redis: SimulatedRedis;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly slots: OpenSlots;
  readonly #left = new AbortController();
  readonly #listeners = new Set<() => void>();
  #isCut = false;

  constructor(
    redis: SimulatedRedis,
    fleet: Fleet | null,
    callers: number,
    clock: Clock,
    random: () => number,
    on: (outcome: 'arrivals' | 'refusals') => void,
  ) {
    this.#redis = redis;
    this.#clock = clock;
    this.#random = random;
    this.slots = createFleetSlots({
      redis: this.#connection(),
      fleet,
      budget: 'budget',
      spacingMs: SPACING_MS,
      clock,
    });
    const pacer = createPacer(this.slots, clock);
    for (let caller = 0; caller < callers; caller += 1) {
      void this.#callAgainAndAgain(pacer, on);
    }
  }

  /** Its way to Redis is lost, that to the upstream is not. */
  cut(): void {
    this.#isCut = true;
  }

  heal(): void {
    this.#isCut = false;
    this.reconnect();
  }

  reconnect(): void {
    if (!this.#isCut) {
      this.#listeners.forEach((listener) => {
        listener();
      });
    }
  }

  close(): void {
    this.#left.abort(new Error('the test is over'));
    this.slots.close();
  }

  async #callAgainAndAgain(pacer: Limiter, on: (outcome: 'arrivals' | 'refusals') => void): Promise<void> {
    const { signal } = this.#left;
    while (!signal.aborted) {
      const scope = { signal, deadlineMs: this.#clock.now() + PATIENCE_MS };
      try {
        await pacer.acquire({
          origin: BATCH_ORIGIN,
          scope,
          isReady: () => true,
          makeReady: () => Promise.resolve(),
        });
        on('arrivals');
      } catch {
        on('refusals');
        // Refused: it tries again a little later, as clients do.
        await this.#clock.sleep(50 + 200 * this.#random(), signal).catch(() => undefined);
      }
    }
  }

  #connection(): RedisConnection {
    const client = {
      evalsha: (_digest: string, _keys: number, key: string, ...args: (string | number)[]) =>
        this.#command(key, args),
    };
    return {
      client: client as unknown as RedisConnection['client'],
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
      onReady: (listener) => {
        this.#listeners.add(listener);
        return () => {
          this.#listeners.delete(listener);
        };
      },
      close: () => undefined,
    };
  }

  /** What was sent may be run although nobody waits for the answer any more. */
  async #command(key: string, args: readonly (string | number)[]): Promise<unknown> {
    if (this.#isCut || !this.#redis.isThere) {
      throw new Error('no connection');
    }
    return Promise.race([this.#roundTrip(key, args), this.#givenUp()]);
  }

  async #roundTrip(key: string, args: readonly (string | number)[]): Promise<unknown> {
    await this.#clock.sleep(this.#delayMs());
    const reply = await this.#redis.run(key, args);
    await this.#clock.sleep(this.#delayMs());
    return this.#isCut ? new Promise(() => undefined) : reply;
  }

  async #givenUp(): Promise<never> {
    await this.#clock.sleep(COMMAND_TIMEOUT_MS);
    throw new Error('no answer in time');
  }

  /** Mostly short, and now and then so long that the answer comes too late. */
  #delayMs(): number {
    return this.#random() < 0.02 ? 300 * this.#random() : 4 * this.#random();
  }
}
