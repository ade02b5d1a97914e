import { describe, expect, it, onTestFinished } from 'vitest';
import { ContentStore, type ContentStoreOptions } from '../../src/cache/content-store.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { sha256Hex } from '../../src/lib/sha256.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { startRedis } from '../support/redis.ts';
import { FakeSharedTier } from './fake-shared-tier.ts';
import { readyTier, tierOf } from './redis-support.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

interface Shelf {
  readonly clock: FakeClock;
  readonly shared: FakeSharedTier;
  /** A store of one replica, over what all share. */
  open(change?: Partial<ContentStoreOptions>): ContentStore;
}

function shelf(): Shelf {
  const clock = new FakeClock();
  const shared = new FakeSharedTier(clock);
  return {
    clock,
    shared,
    open: (change) =>
      new ContentStore({
        clock,
        shared,
        memoryBytes: 100_000,
        maxTextBytes: 1_000,
        ttlMs: DAY_MS,
        maxSharedTexts: 10_000,
        maxNewPerMinute: 600,
        ...change,
      }),
  };
}

const keep = (store: ContentStore, text: string): string => {
  const sha256 = sha256Hex(text);
  store.set(sha256, text);
  return sha256;
};

const texts = (count: number): string[] => Array.from({ length: count }, (_, index) => `{ a${index} }`);

describe('a text', () => {
  it('is found by its hash, and by no other', async () => {
    const store = shelf().open({ shared: null });
    expect(await store.get(keep(store, '{ a }'))).toBe('{ a }');
    expect(await store.get(sha256Hex('{ b }'))).toBeNull();
  });

  it('is found by the other replicas', async () => {
    const { open } = shelf();
    const sha256 = keep(open(), '{ a }');
    expect(await open().get(sha256)).toBe('{ a }');
  });

  it('goes when nobody has asked for it as long as it is told to live', async () => {
    const { clock, open, shared } = shelf();
    const store = open({ shared: null });
    const sha256 = keep(store, '{ a }');
    await clock.advance(DAY_MS - 1);
    expect(await store.get(sha256)).toBe('{ a }');
    await clock.advance(DAY_MS + 1);
    expect(await store.get(sha256)).toBeNull();

    keep(open(), '{ b }');
    expect(shared.stored.at(-1)?.record.usefulUntilMs).toBe(clock.now() + DAY_MS);
  });

  it('stays as long as it is asked for, with the other replicas too', async () => {
    const { clock, open, shared } = shelf();
    const store = open();
    const sha256 = keep(store, '{ a }');
    for (let days = 0; days < 5; days += 1) {
      await clock.advance(DAY_MS * 0.6);
      expect(await store.get(sha256)).toBe('{ a }');
      expect(shared.stored.at(-1)?.record.usefulUntilMs).toBe(clock.now() + DAY_MS);
    }
    expect(shared.stored).toHaveLength(6);
  });

  it('is told to the others anew by a replica that only heard of it', async () => {
    const { clock, open, shared } = shelf();
    const sha256 = keep(open(), '{ a }');
    const other = open();
    await clock.advance(DAY_MS * 0.4);
    await other.get(sha256);
    expect(shared.stored).toHaveLength(1);
    await clock.advance(DAY_MS * 0.2);
    await other.get(sha256);
    expect(shared.stored).toHaveLength(2);
  });

  it('is told to the others again when it is sent again: they may have lost it', async () => {
    const { clock, open, shared } = shelf();
    const store = open();
    const sha256 = keep(store, '{ a }');
    shared.kept.clear();
    keep(store, '{ a }');
    expect(shared.stored).toHaveLength(1);
    await clock.advance(1_000);
    keep(store, '{ a }');
    expect(await open().get(sha256)).toBe('{ a }');
  });

  it.each([
    [1_000, true],
    [1_001, false],
  ])('of %d bytes is kept: %s', async (bytes, isKept) => {
    const { open, shared } = shelf();
    const store = open();
    const sha256 = keep(store, 'ä'.repeat(500).padEnd(bytes - 500, 'x'));
    expect((await store.get(sha256)) !== null).toBe(isKept);
    expect(shared.kept.size).toBe(isKept ? 1 : 0);
  });

  it('is kept nowhere when it is to live for no time', async () => {
    const { open, shared } = shelf();
    const store = open({ ttlMs: 0 });
    expect(await store.get(keep(store, '{ a }'))).toBeNull();
    expect(shared.stored).toEqual([]);
  });

  it('is kept by the replicas together where this process keeps none', async () => {
    const store = shelf().open({ memoryBytes: 0 });
    expect(await store.get(keep(store, '{ a }'))).toBe('{ a }');
  });
});

describe('what others wrote', () => {
  it('is not given unless it has the hash that was asked for', async () => {
    const { clock, open, shared } = shelf();
    const store = open();
    const sha256 = keep(store, '{ a }');
    await settle();
    const [name = ''] = shared.kept.keys();
    const nowMs = clock.now();
    for (const text of ['', '{ b }', '{ a } ', 'garbage']) {
      shared.kept.set(name, {
        fetchedAtMs: nowMs,
        askedAtMs: nowMs,
        freshUntilMs: nowMs + 1_000,
        usefulUntilMs: nowMs + 1_000,
        digest: 'x',
        text,
      });
      expect(await open().get(sha256)).toBeNull();
      expect(await store.get(sha256)).toBe('{ a }');
      // Nobody of ours wrote it there.
      expect(shared.dropped.at(-1)).toBe(text);
    }
  });

  it('stays where it is when it is another text of the same slot', async () => {
    const { open, shared } = shelf();
    const one = open({ maxSharedTexts: 1 });
    const first = keep(one, '{ a }');
    const second = keep(one, '{ b }');
    const other = open({ maxSharedTexts: 1 });
    expect(await other.get(first)).toBeNull();
    expect(await other.get(second)).toBe('{ b }');
    expect(await one.get(first)).toBe('{ a }');
    expect(shared.dropped).toEqual([]);
  });
});

describe('a flood of texts', () => {
  it('takes no more room with the replicas than there are slots', async () => {
    const { open, shared } = shelf();
    const store = open({ maxSharedTexts: 20, maxNewPerMinute: 10_000 });
    texts(1_000).forEach((text) => keep(store, text));
    expect(shared.stored).toHaveLength(1_000);
    expect(shared.kept.size).toBeLessThanOrEqual(20);
  });

  it('takes no more memory than was granted, and the least recently used go', async () => {
    const { open } = shelf();
    const store = open({ shared: null, memoryBytes: 10_000, maxNewPerMinute: 10_000 });
    const hashes: string[] = [];
    for (const text of texts(200)) {
      hashes.push(keep(store, text));
      await store.get(hashes[0] ?? '');
    }
    const found = await Promise.all(hashes.map((sha256) => store.get(sha256)));
    const count = found.filter((text) => text !== null).length;
    expect(found[0]).toBe('{ a0 }');
    expect(found.at(-1)).toBe('{ a199 }');
    expect(count).toBeGreaterThan(10);
    expect(count).toBeLessThan(25);
  });

  it('is taken in only so fast', async () => {
    const { clock, open, shared } = shelf();
    const store = open({ maxNewPerMinute: 30 });
    const [first = '', ...others] = texts(100);
    keep(store, first);
    others.forEach((text) => keep(store, text));
    expect(shared.stored).toHaveLength(30);
    // What is known is none of the new ones.
    await clock.advance(2_000);
    keep(store, first);
    expect(shared.stored).toHaveLength(31);
    await clock.advance(MINUTE_MS);
    keep(store, others.at(-1) ?? '');
    expect(await open().get(sha256Hex(others.at(-1) ?? ''))).toBe('{ a99 }');
  });

  it('is taken in again after a clock was set back', async () => {
    const { clock, open } = shelf();
    const store = open({ maxNewPerMinute: 1 });
    keep(store, '{ a }');
    expect(await store.get(keep(store, '{ b }'))).toBeNull();
    await clock.advance(-3_600_000);
    expect(await store.get(keep(store, '{ b }'))).toBe('{ b }');
  });
});

describe('over a real Redis', () => {
  it('is found by another replica without anybody’s turn to read it, and not when Redis is gone', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const [one, other] = await Promise.all([readyTier(tierOf(redis.url)), readyTier(tierOf(redis.url))]);
    const options = {
      clock: systemClock,
      memoryBytes: 100_000,
      maxTextBytes: 1_000,
      ttlMs: DAY_MS,
      maxSharedTexts: 10_000,
      maxNewPerMinute: 600,
    };
    const store = new ContentStore({ ...options, shared: one });
    const sha256 = keep(store, '{ ä }');
    await expect.poll(() => new ContentStore({ ...options, shared: other }).get(sha256)).toBe('{ ä }');

    const key = { place: 'documents', name: '10000/1' };
    expect(await other.peek(key)).toBeNull();
    // The turn is still there to be taken.
    expect((await one.lookup(key)).turn).toBe('OURS');

    await redis.kill9();
    expect(await new ContentStore({ ...options, shared: other }).get(sha256)).toBeNull();
    expect(await store.get(sha256)).toBe('{ ä }');
    expect(await store.get(keep(store, '{ b }'))).toBe('{ b }');
  });
});
