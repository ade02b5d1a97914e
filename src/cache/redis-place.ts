import DataLoader from 'dataloader';
import type { Clock } from '../lib/clock.ts';
import { RedisTime } from '../lib/redis-time.ts';
import { type CacheFaultEvent, cacheFaults } from '../telemetry/channels.ts';
import { MAX_CLOCK_SKEW_MS } from './entry.ts';
import type { RedisKeys } from './redis-keys.ts';
import { type RedisLane, refusalCode } from './redis-lane.ts';
import type { Lookup, SharedRecord, Turn } from './shared-tier.ts';
import type { Asked, Found, KeyPair, LookupsTold, TierScripts, Told, Write } from './tier-script.ts';

/** What one place's values have in Redis. What is asked of it in the same tick leaves together. Nothing rejects. */
export interface RedisPlace {
  lookup(name: string): Promise<Lookup>;
  peek(name: string): Promise<Lookup['found']>;
  /** Resolves when the record is known to be kept, or not to be. */
  store(name: string, record: SharedRecord, announce: boolean): Promise<void>;
  release(name: string): void;
  prolong(name: string): void;
  drop(name: string, text: string): void;
}

export interface RedisPlaceOptions {
  readonly place: string;
  readonly keys: RedisKeys;
  readonly scripts: TierScripts;
  readonly reads: RedisLane;
  readonly writes: RedisLane;
  readonly clock: Clock;
  /** Who this tier is among all that use this Redis. */
  readonly token: string;
  readonly maxValueBytes: number;
}

/** One script call holds Redis up for as long as it takes, and its answer has to be here within the patience. */
const MAX_KEYS = 100;
const MAX_WRITE_BYTES = 1_048_576;

/** In Redis' time; 0 would be no limit. */
const LONG_AGO_MS = 1;

const NOTHING: Lookup = { found: null, turn: 'NOBODYS' };

export function createRedisPlace(options: RedisPlaceOptions): RedisPlace {
  const { place, keys, clock, maxValueBytes } = options;
  const calls = new PlaceCalls(options);
  const together = { cache: false, maxBatchSize: MAX_KEYS };
  const lookups = new DataLoader<KeyPair, Lookup>((pairs) => lookUpAll(calls, clock, pairs, true), together);
  const peeks = new DataLoader<KeyPair, Lookup>((pairs) => lookUpAll(calls, clock, pairs, false), together);
  const writes = new DataLoader<Write, null>((batch) => writeAll(calls, batch), together);
  const pairOf = (name: string): KeyPair => {
    const key = { place, name };
    return { value: keys.value(key), turn: keys.turn(key) };
  };
  return {
    lookup: (name) => lookups.load(pairOf(name)),
    peek: async (name) => (await peeks.load(pairOf(name))).found,
    store: async (name, record, announce) => {
      // Nobody could read a longer one. Its turn is over all the same.
      const kept = Buffer.byteLength(record.text) <= maxValueBytes ? record : null;
      await writes.load({ pair: pairOf(name), record: kept, announce });
    },
    release: (name) => {
      void writes.load({ pair: pairOf(name), record: null, announce: false });
    },
    prolong: (name) => {
      void calls.prolong(pairOf(name).turn);
    },
    drop: (name, text) => {
      cacheFaults.publish({ kind: 'bad-value', command: 'drop', code: null });
      void calls.drop(pairOf(name).value, text);
    },
  };
}

async function lookUpAll(
  calls: PlaceCalls,
  clock: Clock,
  pairs: readonly KeyPair[],
  takesTurns: boolean,
): Promise<Lookup[]> {
  const told = await calls.lookUp(pairs, takesTurns);
  const latestMs = clock.now() + MAX_CLOCK_SKEW_MS;
  return pairs.map((_, index) => lookupOf(told?.found[index], latestMs));
}

const TURNS: Readonly<Record<Found['turn'], Turn | null>> = {
  fresh: null,
  ours: 'OURS',
  theirs: 'THEIRS',
  none: 'NOBODYS',
};

/** The script does not know the difference between the clocks at first, so it may take what is from the future. */
function lookupOf(found: Found | undefined, latestMs: number): Lookup {
  if (found === undefined || found.fetchedAtMs > latestMs) {
    return NOTHING;
  }
  const { text, fetchedAtMs, turn } = found;
  return { found: text === null ? null : { text, fetchedAtMs }, turn: TURNS[turn] };
}

async function writeAll(calls: PlaceCalls, batch: readonly Write[]): Promise<null[]> {
  await Promise.all(inPortions(batch).map((writes) => calls.write(writes)));
  return batch.map(() => null);
}

/** In their order, each portion of at most `MAX_WRITE_BYTES` unless it is a single write. */
function inPortions(batch: readonly Write[]): Write[][] {
  const portions: Write[][] = [];
  let roomBytes = 0;
  for (const write of batch) {
    const bytes = Buffer.byteLength(write.record?.text ?? '');
    const last = portions.at(-1);
    if (last === undefined || bytes > roomBytes) {
      portions.push([write]);
      roomBytes = MAX_WRITE_BYTES - bytes;
    } else {
      last.push(write);
      roomBytes -= bytes;
    }
  }
  return portions;
}

/** The script calls of one place. All go to one node of a Cluster, so they share what is known of its clock. */
class PlaceCalls {
  readonly #options: RedisPlaceOptions;
  readonly #time = new RedisTime();

  constructor(options: RedisPlaceOptions) {
    this.#options = options;
  }

  async prolong(turnKey: string): Promise<void> {
    const { writes, scripts, token } = this.#options;
    await writes.ask('prolong', () => scripts.prolong(turnKey, token));
  }

  async lookUp(pairs: readonly KeyPair[], takesTurns: boolean): Promise<LookupsTold | null> {
    const { reads, writes, scripts } = this.#options;
    const told = await this.#ask(reads, 'lookup', () => {
      const asked = this.#asked();
      const turnsUntilMs = this.#time.earliestThere(asked.nowMs + reads.patienceMs);
      const known = Number.isFinite(turnsUntilMs) ? Math.floor(turnsUntilMs) : null;
      // A turn is ended by writing: who cannot takes none, or others would wait for it in vain.
      const latestMs = takesTurns && writes.isConnected ? known : LONG_AGO_MS;
      return scripts.lookUp({ ...asked, pairs, turnsUntilMs: latestMs });
    });
    for (let count = told?.badValues ?? 0; count > 0; count -= 1) {
      cacheFaults.publish({ kind: 'bad-value', command: 'lookup', code: null });
    }
    return told;
  }

  async write(writes: readonly Write[]): Promise<void> {
    const { keys, scripts } = this.#options;
    const command = writes.some(({ record }) => record !== null) ? 'store' : 'release';
    await this.#ask(this.#options.writes, command, () =>
      scripts.write({ ...this.#asked(), writes, channel: keys.channel }),
    );
  }

  async drop(valueKey: string, text: string): Promise<void> {
    const { writes, scripts } = this.#options;
    await this.#ask(writes, 'drop', () => scripts.drop({ ...this.#asked(), valueKey, text }));
  }

  async #ask<T extends Told>(
    lane: RedisLane,
    command: CacheFaultEvent['command'],
    run: () => Promise<T>,
  ): Promise<T | null> {
    const { clock } = this.#options;
    const told = await lane.ask(command, async () => {
      const sentAtMs = clock.now();
      const reply = await run();
      this.#time.observe(reply.redisNowMs, sentAtMs, clock.now());
      return reply;
    });
    if (told !== null && told.refusal !== null) {
      cacheFaults.publish({ kind: 'refused', command, code: refusalCode(told.refusal) });
    }
    return told;
  }

  #asked(): Asked {
    const { clock, maxValueBytes, token } = this.#options;
    const redisAheadMs = (this.#time.earliestThere(0) + this.#time.latestThere(0)) / 2;
    return {
      nowMs: clock.now(),
      redisAheadMs: Number.isFinite(redisAheadMs) ? redisAheadMs : 0,
      maxTextBytes: maxValueBytes,
      token,
    };
  }
}
