/** How a slot that several replicas share is used: the figures on which all of them have to agree. */

/** Which of how many replicas this process is. */
export interface Fleet {
  /** From 0 to `replicaCount - 1`; no two replicas that run at the same time have the same. */
  readonly replicaIndex: number;
  /** How many there are at the most. */
  readonly replicaCount: number;
}

/**
 * A call leaves within this time of its slot or waits for another (reliability T2: without an expiry four calls arrived in
 * one second).
 */
export const SLOT_EXPIRY_MS = 40;

/** How far ahead a slot is given: what calls still to come a lost state may not know of (reliability T4). */
export const HORIZON_MS = 3_000;

/** No slot for as long once it is not known which were given: all of them are over by then, and their second with them (T4). */
export const QUARANTINE_MS = HORIZON_MS + 1_200;

/** The longest that an upstream's refusal keeps slots back (reliability U40). */
export const MAX_PUSH_BACK_MS = 20_000;

/** How often a replica lets Redis know that it is there. */
export const HEARTBEAT_MS = 1_000;

/**
 * How long a replica keeps off its own wall-clock slots after Redis has heard of it. Redis may give them to others
 * meanwhile, up to the horizon; two heartbeats may come late.
 */
export function leaseMs(spacingMs: number): number {
  return HORIZON_MS + spacingMs + 2.5 * HEARTBEAT_MS;
}
