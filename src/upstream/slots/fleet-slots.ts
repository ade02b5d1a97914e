import type { Clock } from '../../lib/clock.ts';
import type { RedisConnection } from '../../lib/redis.ts';
import { type Fleet, HEARTBEAT_MS } from './fleet.ts';
import { createLocalSlots } from './local-slots.ts';
import { createRedisSlots, type SharedSlots } from './redis-slots.ts';
import type { NoSlot, Slot, Slots } from './slots.ts';
import { createWallClockSlots, type WallClockSlots } from './wall-clock-slots.ts';

export interface FleetSlotsOptions {
  /** What replicas share; null where there is none. */
  readonly redis: RedisConnection | null;
  /** Which of how many replicas this is; null where they have no numbers. */
  readonly fleet: Fleet | null;
  /** What the upstream counts calls by; it may hold a secret. */
  readonly budget: string;
  readonly spacingMs: number;
  readonly clock: Clock;
}

/** Slots that hold something open. */
export interface OpenSlots extends Slots {
  /** Leaves no timer and no listener behind; the connection to Redis stays open. */
  close(): void;
}

/**
 * The slots of a budget, by what replicas have to agree on it: never above the budget, whatever fails.
 *
 * | Redis | numbered | slots |
 * | ----- | -------- | ----- |
 * | yes   | no       | Redis'; none while it is away |
 * | yes   | yes      | Redis'; while it is away, each replica its own on the wall clock (reliability F14) |
 * | no    | yes      | on the wall clock |
 * | no    | no       | as if there were no other replica |
 */
export function createFleetSlots({ redis, fleet, budget, spacingMs, clock }: FleetSlotsOptions): OpenSlots {
  if (redis === null) {
    const slots =
      fleet === null ? createLocalSlots(spacingMs, clock) : createWallClockSlots(spacingMs, fleet, clock);
    return { ...slots, close: () => undefined };
  }
  const shared = createRedisSlots({ redis, fleet, budget, spacingMs, clock });
  return fleet === null
    ? shared
    : new FallingBack(shared, createWallClockSlots(spacingMs, fleet, clock), clock);
}

/**
 * Redis' slots while it answers. Without, the replica's own on the wall clock, from when its lease is over: then Redis gives
 * them to nobody else. And back as soon as Redis answers, which then begins after the last of them. That all replicas have
 * lost Redis need not be known, for it gives those of a lost replica to nobody (`slot-script.ts`).
 */
class FallingBack implements OpenSlots {
  readonly spacingMs: number;
  readonly #shared: SharedSlots;
  readonly #own: WallClockSlots;
  readonly #clock: Clock;
  #cancelHeartbeat: () => void = () => undefined;

  constructor(shared: SharedSlots, own: WallClockSlots, clock: Clock) {
    this.spacingMs = shared.spacingMs;
    this.#shared = shared;
    this.#own = own;
    this.#clock = clock;
    this.#beatLater();
  }

  async reserve(): Promise<Slot | NoSlot> {
    const answer = await this.#shared.reserve();
    if ('expiresAtMs' in answer || this.#clock.now() < this.#shared.leasedUntilMs) {
      return answer;
    }
    const own = this.#own.next();
    this.#shared.keepFreeUntil(own.atMs + this.spacingMs);
    return own;
  }

  used(atMs: number): void {
    this.#shared.used(atMs);
  }

  pushBack(ms: number): void {
    this.#shared.pushBack(ms);
    this.#own.pushBack(ms);
  }

  close(): void {
    this.#cancelHeartbeat();
    this.#shared.close();
  }

  /** A replica that nobody asks for anything is there nevertheless: others then have its slots. */
  #beatLater(): void {
    this.#cancelHeartbeat = this.#clock.after(HEARTBEAT_MS, () => {
      void this.#shared.announce();
      this.#beatLater();
    });
  }
}
