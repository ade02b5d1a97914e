import { createHash } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { RedisTime } from '../../lib/redis-time.ts';
import type { RedisConnection } from '../../lib/redis.ts';
import { type Fleet, HORIZON_MS, leaseMs, MAX_PUSH_BACK_MS, QUARANTINE_MS, SLOT_EXPIRY_MS } from './fleet.ts';
import { NotBefore } from './not-before.ts';
import { type AskForSlot, type SlotQuestion, type SlotReply, slotScript } from './slot-script.ts';
import type { NoSlot, Slot, Slots } from './slots.ts';

/** Slots of a budget that replicas share through a Redis. */
export interface SharedSlots extends Slots {
  /** Lets Redis know of the budget and of this replica, so that the first call need not wait for either. Never rejects. */
  announce(): Promise<void>;
  /** From now on nobody who shares the budget gets a slot before this time. */
  keepFreeUntil(atMs: number): void;
  /** Until then Redis may have given this replica's wall-clock slots to others. */
  readonly leasedUntilMs: number;
  /** Stops listening to the connection, which it leaves open. */
  close(): void;
}

export interface RedisSlotsOptions {
  readonly redis: RedisConnection;
  /** What the upstream counts calls by. Only a digest of it reaches Redis, for it may be a secret. */
  readonly budget: string;
  readonly spacingMs: number;
  /** Which of how many replicas this is, where they are numbered. */
  readonly fleet: Fleet | null;
  readonly clock: Clock;
}

/** How long nothing is asked of a Redis that did not answer. */
const BREAK_MS = 1_000;
const ASK_AGAIN_MS = 50;

/** When a slot may come while Redis has been away for longer than a restart takes: nobody need wait for that. */
const AWAY_MS = MAX_PUSH_BACK_MS;

/** A clock that is off by more than this has been set: the times of slots that are out mean something else on it. */
const CLOCK_SET_MS = 20;

const NEVER = Number.NEGATIVE_INFINITY;

/** Too late at any time, so that nothing is done but to look at the clock. */
const JUST_THE_TIME: SlotQuestion = {
  spacingMs: 0,
  isSlotWanted: false,
  validUntilMs: 0,
  notBeforeMs: 0,
  replica: null,
};

/**
 * Slots that a script on Redis gives, in the order in which replicas ask, at one round trip each. A slot's time is Redis';
 * what is not known of the difference between the clocks is taken off the time in which it can be used, so the difference
 * never brings calls closer together. So Redis has to be near: of a round trip of 30 ms little is left to use a slot in.
 * While Redis does not answer there are no slots: it is tried once a second, and after the time that a restart costs
 * callers are told not to wait.
 */
export function createRedisSlots(options: RedisSlotsOptions): SharedSlots {
  return new RedisSlots(options);
}

class RedisSlots implements SharedSlots {
  readonly spacingMs: number;
  readonly #redis: RedisConnection;
  readonly #ask: AskForSlot;
  readonly #key: string;
  readonly #fleet: Fleet | null;
  readonly #clock: Clock;
  readonly #time = new RedisTime();
  readonly #notBefore: NotBefore;
  readonly #stopListening: () => void;
  /** What is sent to a Redis that does not answer may run long after, so until it does nothing is sent that it could act on. */
  #isAnswering = false;
  #lastAnswerAtMs: number;
  #nextTryAtMs = NEVER;
  #leasedUntilMs: number;

  constructor({ redis, budget, spacingMs, fleet, clock }: RedisSlotsOptions) {
    this.spacingMs = spacingMs;
    this.#redis = redis;
    this.#ask = slotScript(redis);
    this.#key = `jobs-gateway:slots:{${createHash('sha256').update(budget).digest('hex')}}`;
    this.#fleet = fleet;
    // Besides a refusal of the upstream, a wall-clock slot of this replica may be what keeps a time free.
    this.#notBefore = new NotBefore(MAX_PUSH_BACK_MS + ((fleet?.replicaCount ?? 0) + 1) * spacingMs);
    this.#clock = clock;
    this.#lastAnswerAtMs = clock.now();
    // The process that had this one's number before may have been heard just now, or have called in a slot of its own.
    this.#leasedUntilMs = clock.now() + leaseMs(spacingMs);
    if (fleet !== null) {
      this.keepFreeUntil(clock.now() + spacingMs);
    }
    this.#stopListening = redis.onReady(() => {
      this.#nextTryAtMs = NEVER;
      void this.announce();
    });
  }

  get leasedUntilMs(): number {
    return this.#leasedUntilMs;
  }

  async reserve(): Promise<Slot | NoSlot> {
    const reply = await this.#try(true);
    return reply === null ? this.#noSlotWithoutRedis() : this.#translated(reply);
  }

  async announce(): Promise<void> {
    await this.#try(false);
  }

  used(): void {
    // A slot is over when it is given.
  }

  pushBack(ms: number): void {
    this.keepFreeUntil(this.#clock.now() + Math.min(ms, MAX_PUSH_BACK_MS));
    void this.announce();
  }

  /** Kept here and told with every question, so that it gets there also when one is lost. */
  keepFreeUntil(atMs: number): void {
    this.#notBefore.raise(atMs);
  }

  close(): void {
    this.#stopListening();
  }

  /** Null when Redis does not answer. */
  async #try(isSlotWanted: boolean): Promise<SlotReply | null> {
    const nowMs = this.#clock.now();
    // A wall clock that is set back does not make the break longer.
    this.#nextTryAtMs = Math.min(this.#nextTryAtMs, nowMs + BREAK_MS);
    if (nowMs < this.#nextTryAtMs) {
      return null;
    }
    try {
      if (!this.#isAnswering) {
        await this.#send(JUST_THE_TIME);
      }
      const reply = await this.#send(this.#question(isSlotWanted));
      this.#isAnswering = true;
      this.#lastAnswerAtMs = this.#clock.now();
      this.#nextTryAtMs = NEVER;
      return reply;
    } catch {
      // Why does not matter: not connected, no answer in time, not allowed, out of memory, read-only.
      this.#isAnswering = false;
      this.#nextTryAtMs = this.#clock.now() + BREAK_MS;
      return null;
    }
  }

  /** One that Redis acts on as long as somebody waits for the answer. */
  #question(isSlotWanted: boolean): SlotQuestion {
    const nowMs = this.#clock.now();
    const validUntilMs = nowMs + this.#redis.commandTimeoutMs;
    this.#leasedUntilMs = validUntilMs + leaseMs(this.spacingMs);
    return {
      spacingMs: this.spacingMs,
      isSlotWanted,
      validUntilMs: this.#time.earliestThere(validUntilMs),
      notBeforeMs: Math.max(0, this.#time.latestThere(this.#notBefore.at(nowMs))),
      replica: this.#replica(),
    };
  }

  #replica(): SlotQuestion['replica'] {
    return (
      this.#fleet && {
        index: this.#fleet.replicaIndex,
        count: this.#fleet.replicaCount,
        leaseMs: leaseMs(this.spacingMs),
        redisAheadMs: (this.#time.earliestThere(0) + this.#time.latestThere(0)) / 2,
      }
    );
  }

  async #send(question: SlotQuestion): Promise<SlotReply> {
    const sentAtMs = this.#clock.now();
    const reply = await this.#ask(this.#key, question);
    const receivedAtMs = this.#clock.now();
    if (this.#time.observe(reply.nowMs, sentAtMs, receivedAtMs) > CLOCK_SET_MS) {
      this.keepFreeUntil(receivedAtMs + QUARANTINE_MS);
      throw new Error('the clock of Redis or of this machine was set');
    }
    return reply;
  }

  #translated({ outcome, atMs }: SlotReply): Slot | NoSlot {
    switch (outcome) {
      case 'slot':
        return {
          atMs: this.#time.latestHere(atMs),
          expiresAtMs: this.#time.earliestHere(atMs) + SLOT_EXPIRY_MS,
        };
      case 'none':
        return {
          askAgainAtMs: this.#time.latestHere(atMs - HORIZON_MS),
          notBeforeMs: this.#time.earliestHere(atMs),
        };
      case 'late': {
        const nowMs = this.#clock.now();
        return { askAgainAtMs: nowMs + ASK_AGAIN_MS, notBeforeMs: nowMs };
      }
    }
  }

  #noSlotWithoutRedis(): NoSlot {
    const nowMs = this.#clock.now();
    const askAgainAtMs = Math.max(this.#nextTryAtMs, nowMs);
    const isAway = nowMs - this.#lastAnswerAtMs > QUARANTINE_MS;
    return { askAgainAtMs, notBeforeMs: isAway ? nowMs + AWAY_MS : askAgainAtMs };
  }
}
