import type { Clock } from '../../lib/clock.ts';
import { type Fleet, MAX_PUSH_BACK_MS, SLOT_EXPIRY_MS } from './fleet.ts';
import { NotBefore } from './not-before.ts';
import type { Slot, Slots } from './slots.ts';

/** Slots that need nobody's leave. */
export interface WallClockSlots extends Slots {
  /** What `reserve()` resolves to. */
  next(): Slot;
}

/**
 * Slots that replicas have without asking anybody: the time is cut into slots of one spacing, counted from the epoch, and
 * slot k belongs to replica k modulo their number (reliability F14). Together they are never above the budget as long as
 * their clocks agree, within a twentieth of a second; each alone has its share of it, also while others need none.
 */
export function createWallClockSlots(
  spacingMs: number,
  { replicaIndex, replicaCount }: Fleet,
  clock: Clock,
): WallClockSlots {
  const roundMs = spacingMs * replicaCount;
  const offsetMs = spacingMs * replicaIndex;
  const notBefore = new NotBefore(MAX_PUSH_BACK_MS + roundMs);

  const next = (): Slot => {
    const nowMs = clock.now();
    const fromMs = Math.max(nowMs, notBefore.at(nowMs));
    const atMs = Math.ceil(Math.ceil((fromMs - offsetMs) / roundMs) * roundMs + offsetMs);
    // Each once, also when nobody could use it.
    notBefore.raise(atMs + 1);
    return { atMs, expiresAtMs: atMs + SLOT_EXPIRY_MS };
  };

  return {
    spacingMs,
    next,
    reserve: () => Promise.resolve(next()),
    used: () => undefined,
    pushBack: (ms) => {
      notBefore.raise(clock.now() + Math.min(ms, MAX_PUSH_BACK_MS));
    },
  };
}
