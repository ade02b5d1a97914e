import { describe, expect, it } from 'vitest';
import type { Use } from '../../src/lib/call-scope.ts';
import { InvalidIdError, type UpstreamErrorCode } from '../../src/model/errors.ts';
import { TURN_MS } from '../../src/cache/shared-tier.ts';
import { settle } from '../support/fake-clock.ts';
import { waiter } from '../lib/waiter.ts';
import { aCache, AGES, aQuestion, fault, LIFE, PLACE, theirRecord } from './cache-support.ts';

const FAULTS: UpstreamErrorCode[] = [
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_RATE_LIMITED',
  'UPSTREAM_BAD_RESPONSE',
];
const ANSWERS: UpstreamErrorCode[] = ['UPSTREAM_REJECTED', 'UPSTREAM_AUTH_FAILED', 'UPSTREAM_FORBIDDEN'];
const PLACES = [
  ['without Redis', false],
  ['with Redis', true],
] as const;

describe.each(PLACES)('a value, %s', (_, isShared) => {
  it('is read once and then known for as long as it is fresh', async () => {
    const { clock, upstream, read } = aCache({ isShared });
    upstream.answers = 'one';
    expect(await read()).toBe('FRESH one');
    await clock.advance(LIFE.freshMs - 1);
    expect(await read()).toBe('CACHED one');
    expect(upstream.begun).toHaveLength(1);
    expect(clock.sleeping).toBe(0);
  });

  it('that is stale answers at once, however many ask, and is read anew behind, once', async () => {
    const { clock, tier, upstream, read, know } = aCache({ isShared });
    know('one', AGES.STALE);
    const answers = await Promise.all(Array.from({ length: 50 }, () => read()));
    expect(new Set(answers)).toEqual(new Set(['STALE one']));
    expect(await read()).toBe('STALE one');
    await settle();
    expect([upstream.begun.length, tier.lookups.length]).toEqual([1, isShared ? 1 : 0]);
    expect(upstream.begun[0]!.scope.isBackground).toBe(true);
    upstream.begun[0]!.end('two');
    await settle();
    expect(await read()).toBe('CACHED two');
    expect(upstream.begun).toHaveLength(1);
    expect(clock.sleeping).toBe(0);
  });

  it('that could not be read behind is tried again by the next who asks', async () => {
    const { clock, upstream, read, know } = aCache({ isShared });
    know('one', AGES.STALE);
    upstream.answers = fault('UPSTREAM_UNAVAILABLE');
    expect(await read()).toBe('STALE one');
    await settle();
    expect(await read()).toBe('STALE one');
    await settle();
    expect(upstream.begun).toHaveLength(2);
    expect(clock.sleeping).toBe(0);
  });

  it('that is read behind is not waited for longer than half a minute', async () => {
    const { clock, upstream, read, know } = aCache({ isShared });
    know('one', AGES.STALE);
    await read();
    await settle();
    await clock.advance(29_999);
    expect(upstream.begun[0]!.scope.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(upstream.begun[0]!.scope.signal.aborted).toBe(true);
    expect(clock.sleeping).toBe(0);
  });

  it('that is in reserve is read anew by whoever asks', async () => {
    const { upstream, read, know } = aCache({ isShared });
    know('one', AGES.RESERVE);
    upstream.answers = 'two';
    expect(await read()).toBe('FRESH two');
  });

  it.each(FAULTS)('in reserve answers in place of %s, and is still tried', async (code) => {
    const { clock, upstream, read, know } = aCache({ isShared });
    know('one', AGES.RESERVE);
    upstream.answers = fault(code);
    expect([await read(), await read()]).toEqual(['STALE one', 'STALE one']);
    expect(upstream.begun).toHaveLength(2);
    expect(clock.sleeping).toBe(0);
  });

  it('in reserve answers in place of a deadline that comes, and not for one who has left', async () => {
    const { clock, upstream, read, know } = aCache({ isShared });
    know('one', AGES.RESERVE);
    const { scope, leave } = waiter(clock);
    const late = read({ deadlineMs: clock.now() + 100 });
    const left = expect(read(scope)).rejects.toThrow('gone');
    await settle();
    leave('gone');
    await left;
    await clock.advance(100);
    expect(await late).toBe('STALE one');
    expect(upstream.begun[0]!.scope.signal.aborted).toBe(true);
    expect(clock.sleeping).toBe(0);
  });

  it.each([...ANSWERS.map(fault), new InvalidIdError('no id'), new TypeError('a bug')])(
    'in reserve does not answer in place of %s',
    async (error) => {
      const { upstream, read, know } = aCache({ isShared });
      know('one', AGES.RESERVE);
      upstream.answers = error;
      await expect(read()).rejects.toBe(error);
    },
  );

  it('that is gone answers for nothing', async () => {
    const { upstream, read, know } = aCache({ isShared });
    know('one', AGES.GONE);
    upstream.answers = fault('UPSTREAM_UNAVAILABLE');
    await expect(read()).rejects.toThrow('UPSTREAM_UNAVAILABLE');
  });

  it('does not answer whoever wants none that is kept, not even for a fault', async () => {
    const { upstream, read, know } = aCache({ isShared });
    know('one', AGES.FRESH);
    upstream.answers = fault('UPSTREAM_UNAVAILABLE');
    await expect(read({ noCache: true })).rejects.toThrow('UPSTREAM_UNAVAILABLE');
    upstream.answers = 'two';
    expect(await read({ noCache: true })).toBe('FRESH two');
    expect(await read()).toBe('CACHED two');
  });

  it('is kept as an error for nobody', async () => {
    const { upstream, read } = aCache({ isShared });
    upstream.answers = fault('UPSTREAM_UNAVAILABLE');
    await expect(read()).rejects.toThrow('UPSTREAM_UNAVAILABLE');
    upstream.answers = 'one';
    expect(await read()).toBe('FRESH one');
  });

  it('is kept for as long as the question says of it', async () => {
    const { clock, upstream, read } = aCache({ isShared });
    const life = { freshMs: 2_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
    const question = aQuestion('a', { lifeOf: ({ text }) => (text === 'none' ? life : LIFE) });
    upstream.answers = 'none';
    await read({}, question);
    await clock.advance(1_999);
    expect(await read({}, question)).toBe('CACHED none');
    await clock.advance(1);
    upstream.answers = 'one';
    expect(await read({}, question)).toBe('FRESH one');
  });

  it('that 500 ask for at once is read once', async () => {
    const { clock, tier, upstream, read } = aCache({ isShared });
    const reads = Array.from({ length: 500 }, () => read());
    await settle();
    expect([upstream.begun.length, tier.lookups.length]).toEqual([1, isShared ? 1 : 0]);
    upstream.begun[0]!.end('one');
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['FRESH one']));
    expect(clock.sleeping).toBe(0);
  });

  it('is read on for those who are left, and not after the last has left', async () => {
    const { clock, tier, upstream, read } = aCache({ isShared });
    const waiters = [waiter(clock), waiter(clock)];
    const reads = waiters.map(({ scope }) => expect(read(scope)).rejects.toThrow('gone'));
    await settle();
    waiters[0]!.leave('gone');
    await reads[0];
    expect(upstream.begun[0]!.scope.signal.aborted).toBe(false);
    waiters[1]!.leave('gone');
    await reads[1];
    await settle();
    expect(upstream.begun[0]!.scope.signal.aborted).toBe(true);
    expect(tier.turns.size).toBe(0);
    expect(clock.sleeping).toBe(0);
  });

  it('that may linger is read on for so long after its last deadline, and no longer', async () => {
    const { clock, upstream, read } = aCache({ isShared });
    const question = aQuestion('a', { lingerMs: 30_000 });
    const late = expect(read({}, question)).rejects.toThrow('UPSTREAM_TIMEOUT');
    await clock.advance(8_000);
    await late;
    const { signal } = upstream.begun[0]!.scope;
    expect(signal.aborted).toBe(false);
    await clock.advance(29_999);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(signal.aborted).toBe(true);
    expect(clock.sleeping).toBe(0);
  });

  it('that came while nobody waited any more is known', async () => {
    const { clock, upstream, read } = aCache({ isShared });
    const question = aQuestion('a', { lingerMs: 30_000 });
    const late = expect(read({}, question)).rejects.toThrow('UPSTREAM_TIMEOUT');
    await clock.advance(20_000);
    await late;
    upstream.begun[0]!.end('one');
    await settle();
    expect(await read({}, question)).toBe('CACHED one');
    expect(clock.sleeping).toBe(0);
  });

  it('is read by whoever wants none that is kept along with a reading under way', async () => {
    const { clock, upstream, read } = aCache({ isShared });
    const reads = [read(), read({ noCache: true })];
    await settle();
    reads.push(read({ noCache: true }));
    await settle();
    expect(upstream.begun).toHaveLength(1);
    upstream.begun[0]!.end('one');
    expect(await Promise.all(reads)).toEqual(['FRESH one', 'FRESH one', 'FRESH one']);
    expect(clock.sleeping).toBe(0);
  });

  it('that was fetched before the one that is known does not take its place', async () => {
    const { clock, upstream, read, know } = aCache({ isShared });
    const reading = read({ noCache: true });
    await settle();
    know('newer', 0);
    upstream.begun[0]!.end('older', clock.now() - 1);
    expect(await reading).toBe('FRESH newer');
    expect(await read()).toBe('CACHED newer');
  });

  it('from before the clock was set back counts for nothing and is replaced', async () => {
    const { clock, cache, upstream, read, know } = aCache({ isShared });
    know('future', 0);
    clock.jump(-3_600_000);
    expect(cache.known(aQuestion('a'))).toBeNull();
    upstream.answers = fault('UPSTREAM_UNAVAILABLE');
    await expect(read()).rejects.toThrow('UPSTREAM_UNAVAILABLE');
    upstream.answers = 'now';
    expect(await read()).toBe('FRESH now');
    expect(await read()).toBe('CACHED now');
    cache.keep(aQuestion('a'), { value: { text: 'later' }, fetchedAtMs: clock.now() });
    expect(await read()).toBe('CACHED later');
  });

  it('answers for no other key, wherever place and name meet', async () => {
    const { cache, upstream, read, know } = aCache({ isShared });
    const [place, name] = ['COS v1', 'a'];
    know('another', 0, aQuestion('', { key: { place: 'COS', name: 'v1 a' } }));
    const question = aQuestion('', { key: { place, name } });
    expect(cache.known(question)).toBeNull();
    upstream.answers = 'one';
    expect(await read({}, question)).toBe('FRESH one');
  });

  it('is told of once per read, with until when it answers', async () => {
    const { clock, upstream, read } = aCache({ isShared });
    upstream.answers = 'one';
    const uses: Use[] = [];
    const onUse = (use: Use): void => {
      uses.push(use);
    };
    const fetchedAtMs = clock.now();
    await read({ onUse });
    await clock.advance(AGES.STALE);
    await read({ onUse });
    expect(uses).toMatchObject([1, 2].map(() => ({ fetchedAtMs, freshUntilMs: fetchedAtMs + LIFE.freshMs })));
  });

  it('would be given again until a newer one is known', async () => {
    const { clock, cache, upstream, read } = aCache({ isShared });
    upstream.answers = 'one';
    const uses: Use[] = [];
    await read({ onUse: (use) => uses.push(use) });
    expect(uses[0]!.isCurrent()).toBe(true);
    cache.keep(aQuestion('a'), { value: { text: 'two' }, fetchedAtMs: clock.now() + 1 });
    expect(uses[0]!.isCurrent()).toBe(false);
  });

  it('is told of to nobody when it could not be read', async () => {
    const { upstream, read } = aCache({ isShared });
    upstream.answers = fault('UPSTREAM_UNAVAILABLE');
    const uses: Use[] = [];
    await expect(read({ onUse: (use) => uses.push(use) })).rejects.toThrow('UPSTREAM_UNAVAILABLE');
    expect(uses).toEqual([]);
  });

  it('is not read behind any more once the cache is closed', async () => {
    const { clock, cache, upstream, read, know } = aCache({ isShared });
    know('one', AGES.STALE);
    await read();
    await settle();
    cache.close();
    await settle();
    expect(upstream.begun[0]!.scope.signal.aborted).toBe(true);
    expect(await read()).toBe('STALE one');
    await settle();
    expect(upstream.begun).toHaveLength(1);
    expect(clock.sleeping).toBe(0);
  });
});

describe('a cache without memory', () => {
  it('reads everything that is not shared, and still joins', async () => {
    const { cache, upstream, read } = aCache({ memoryBytes: 0, isShared: false });
    upstream.answers = 'one';
    expect(await Promise.all([read(), read()])).toEqual(['FRESH one', 'FRESH one']);
    expect(await read()).toBe('FRESH one');
    expect(upstream.begun).toHaveLength(2);
    expect([cache.memoryBytes, cache.known(aQuestion('a'))]).toEqual([0, null]);
  });

  it('gives what is shared', async () => {
    const { upstream, read, theyKeep } = aCache({ memoryBytes: 0 });
    theyKeep('theirs', AGES.FRESH);
    expect([await read(), await read()]).toEqual(['CACHED theirs', 'CACHED theirs']);
    theyKeep('theirs', AGES.STALE);
    expect(await read()).toBe('STALE theirs');
    await settle();
    expect(upstream.begun).toHaveLength(1);
  });
});

describe('what another replica has read', () => {
  it.each(['FRESH', 'STALE'] as const)('answers when it is %s', async (state) => {
    const { upstream, read, theyKeep } = aCache();
    theyKeep('theirs', AGES[state]);
    expect(await read()).toBe(state === 'FRESH' ? 'CACHED theirs' : 'STALE theirs');
    await settle();
    expect(upstream.begun).toHaveLength(state === 'FRESH' ? 0 : 1);
  });

  it.each([0, 1_000_000])('is in reserve for a fault, with %i bytes of memory', async (memoryBytes) => {
    const { upstream, read, theyKeep } = aCache({ memoryBytes });
    theyKeep('theirs', AGES.RESERVE);
    upstream.answers = fault('UPSTREAM_UNAVAILABLE');
    expect(await read()).toBe('STALE theirs');
    upstream.answers = fault('UPSTREAM_REJECTED');
    await expect(read()).rejects.toThrow('UPSTREAM_REJECTED');
  });

  it.each([0, 1_000_000])('is in reserve for a deadline, with %i bytes of memory', async (memoryBytes) => {
    const { clock, upstream, read, theyKeep } = aCache({ memoryBytes });
    theyKeep('theirs', AGES.RESERVE);
    const reads = [read({ deadlineMs: clock.now() + 100 }), read({ deadlineMs: clock.now() + 200 })];
    await clock.advance(200);
    expect(await Promise.all(reads)).toEqual(['STALE theirs', 'STALE theirs']);
    expect(upstream.begun).toHaveLength(1);
    expect(clock.sleeping).toBe(0);
  });

  it('is understood once, however often it is looked at while somebody reads it anew', async () => {
    const { clock, tier, read, theyKeep } = aCache();
    const { parse } = aQuestion('a');
    let parsed = 0;
    const question = aQuestion('a', {
      parse: (json) => {
        parsed += 1;
        return parse(json);
      },
    });
    theyKeep('theirs', AGES.RESERVE);
    tier.turns.set('a', 'THEIRS');
    const reading = read({}, question);
    await clock.advance(1_000);
    expect(tier.lookups.length).toBeGreaterThan(8);
    expect(parsed).toBe(1);
    theyKeep('newer', 0);
    await clock.advance(100);
    expect(await reading).toBe('CACHED newer');
    expect(parsed).toBe(2);
  });

  it('is no rubbish when it is of no use any more: clocks are never quite the same', async () => {
    const { tier, upstream, read, theyKeep } = aCache();
    theyKeep('theirs', AGES.GONE);
    upstream.answers = 'one';
    expect(await read()).toBe('FRESH one');
    expect(tier.dropped).toEqual([]);
  });

  it('is asked for once by all who ask at a time, and known then', async () => {
    const { tier, read, theyKeep } = aCache();
    theyKeep('theirs', AGES.FRESH);
    await Promise.all([read(), read(), read()]);
    await read();
    expect(tier.lookups).toEqual(['a']);
  });

  it('never takes the place of a newer one here, whichever comes first', async () => {
    const { tier, read, know, theyKeep } = aCache();
    know('newer', AGES.FRESH - 1_000);
    theyKeep('older', AGES.FRESH);
    tier.listeningSince += 1;
    expect(await read()).toBe('CACHED newer');
    tier.announce({ place: PLACE, name: 'a' }, theirRecord('a', 'oldest', 0));
    expect(await read()).toBe('CACHED newer');
  });

  it('is overtaken by a reading that ends while it is looked for', async () => {
    const { clock, tier, upstream, read, theyKeep } = aCache();
    theyKeep('older', AGES.FRESH);
    const { promise, resolve: open } = Promise.withResolvers<void>();
    tier.gate = promise;
    const looking = read();
    await settle();
    tier.gate = Promise.resolve();
    upstream.answers = 'newer';
    expect(await read({ noCache: true })).toBe('FRESH newer');
    open();
    expect(await looking).toBe('CACHED newer');
    expect(clock.sleeping).toBe(0);
  });

  it('is never waited for by whoever wants none that is kept', async () => {
    const { tier, upstream, read } = aCache();
    tier.gate = new Promise(() => undefined);
    void read().catch(String);
    await settle();
    const asking = read({ noCache: true });
    await settle();
    expect(upstream.begun).toHaveLength(1);
    tier.gate = Promise.resolve();
    upstream.begun[0]!.end('one');
    expect(await asking).toBe('FRESH one');
  });

  it.each(['rubbish', theirRecord('b', 'foreign', 0).text, '["COS v1","a",1,[1,1,1],{"text":1}]'])(
    'is dropped and read when it is %s',
    async (text) => {
      const { tier, upstream, read, theyKeep } = aCache();
      theyKeep('theirs', AGES.FRESH);
      tier.kept.set('a', { ...tier.kept.get('a')!, text });
      upstream.answers = 'one';
      expect(await read()).toBe('FRESH one');
      expect(tier.dropped).toEqual([text]);
    },
  );

  it('answers at the next read once it is announced, for values that are', async () => {
    const { clock, cache, tier, upstream, read, know } = aCache();
    const question = aQuestion('a', { digestOf: ({ text }) => text });
    const place = cache.place(PLACE, (name) => (name === 'a' ? question : null));
    know('one', AGES.FRESH, question);
    const { version } = place;
    tier.announce({ place: PLACE, name: 'a' }, theirRecord('a', 'two', clock.now()));
    expect(await read({}, question)).toBe('CACHED two');
    expect(place.version).toBeGreaterThan(version);
    tier.announce({ place: PLACE, name: 'b' }, theirRecord('b', 'not understood', clock.now()));
    tier.announce({ place: 'elsewhere', name: 'a' }, theirRecord('a', 'nobody asks', clock.now()));
    tier.announce({ place: PLACE, name: 'a' }, { ...theirRecord('a', '', clock.now()), text: 'rubbish' });
    expect(await read({}, question)).toBe('CACHED two');
    expect([tier.lookups, upstream.begun]).toEqual([[], []]);
  });
});

describe('a turn to read', () => {
  it('that is ours ends with the value, for all to have', async () => {
    const { tier, upstream, read } = aCache();
    upstream.answers = 'one';
    await read();
    expect(tier.turns.size).toBe(0);
    expect(tier.kept.get('a')!.text).toContain('one');
    expect(tier.stored.map(({ announce }) => announce)).toEqual([false]);
  });

  it('that is ours ends with the error', async () => {
    const { tier, upstream, read } = aCache();
    upstream.answers = fault('UPSTREAM_REJECTED');
    await expect(read()).rejects.toThrow('UPSTREAM_REJECTED');
    expect([tier.released, tier.turns.size]).toEqual([['a'], 0]);
  });

  it.each(['leaves', 'runs out of time'])(
    'that came after the last who wanted it %s ends at once',
    async (how) => {
      const { clock, tier, upstream, read } = aCache();
      const { promise, resolve: open } = Promise.withResolvers<void>();
      tier.gate = promise;
      const { scope, leave } = waiter(clock, 100);
      const over = expect(read(scope)).rejects.toThrow(/gone|UPSTREAM_TIMEOUT/);
      await settle();
      if (how === 'leaves') {
        leave('gone');
      }
      await clock.advance(100);
      await over;
      open();
      await settle();
      expect([tier.released, tier.turns.size, upstream.begun.length]).toEqual([['a'], 0, 0]);
      expect(clock.sleeping).toBe(0);
    },
  );

  it('that is theirs is waited for, and what they read is taken', async () => {
    const { clock, tier, upstream, read, theyKeep } = aCache();
    tier.turns.set('a', 'THEIRS');
    const reads = [read(), read()];
    await clock.advance(500);
    const { length } = tier.lookups;
    expect(length).toBeGreaterThan(4);
    expect(length).toBeLessThan(12);
    theyKeep('theirs', 0);
    await clock.advance(100);
    expect(await Promise.all(reads)).toEqual(['CACHED theirs', 'CACHED theirs']);
    expect(upstream.begun).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });

  it('that is theirs becomes ours when they fail', async () => {
    const { clock, tier, upstream, read } = aCache();
    tier.turns.set('a', 'THEIRS');
    upstream.answers = 'one';
    const reading = read();
    await clock.advance(200);
    tier.turns.delete('a');
    await clock.advance(100);
    expect(await reading).toBe('FRESH one');
    expect(clock.sleeping).toBe(0);
  });

  it('that is theirs for too long is not waited for', async () => {
    const { clock, tier, upstream, read } = aCache();
    tier.turns.set('a', 'THEIRS');
    upstream.answers = 'one';
    const reading = read({ deadlineMs: clock.now() + 10_000 });
    await clock.advance(4_900);
    expect(upstream.begun).toEqual([]);
    await clock.advance(200);
    expect(await reading).toBe('FRESH one');
    expect(clock.sleeping).toBe(0);
  });

  it('is prolonged as long as reading takes, and not after that', async () => {
    const { clock, tier, upstream, read } = aCache();
    const reading = read();
    await clock.advance(2.5 * TURN_MS);
    expect(tier.prolonged.length).toBeGreaterThanOrEqual(6);
    upstream.begun[0]!.end('one');
    expect(await reading).toBe('FRESH one');
    const { length } = tier.prolonged;
    await clock.advance(2 * TURN_MS);
    expect(tier.prolonged).toHaveLength(length);
  });

  it('that is theirs is not waited for beyond a deadline', async () => {
    const { clock, tier, read } = aCache();
    tier.turns.set('a', 'THEIRS');
    const late = expect(read({ deadlineMs: clock.now() + 150 })).rejects.toThrow('UPSTREAM_TIMEOUT');
    await clock.advance(150);
    await late;
    expect(clock.sleeping).toBe(0);
  });

  it('that is theirs holds up nobody who has something stale', async () => {
    const { clock, tier, upstream, read, know, theyKeep } = aCache();
    know('one', AGES.STALE);
    tier.turns.set('a', 'THEIRS');
    expect(await read()).toBe('STALE one');
    await clock.advance(100);
    theyKeep('theirs', 0);
    await clock.advance(100);
    expect(await read()).toBe('CACHED theirs');
    expect(upstream.begun).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });
});

describe('a tier that was away', () => {
  it('has what is known here compared once before it answers', async () => {
    const { tier, read, know, theyKeep } = aCache();
    know('ours', AGES.FRESH);
    theyKeep('theirs', AGES.FRESH - 1_000);
    expect(await read()).toBe('CACHED ours');
    tier.listeningSince += 1;
    expect([await read(), await read()]).toEqual(['CACHED theirs', 'CACHED theirs']);
    expect(tier.lookups).toEqual(['a']);
  });

  it('and is again has what is known here answer all the same', async () => {
    const { tier, upstream, read, know } = aCache();
    know('ours', AGES.FRESH);
    tier.listeningSince += 1;
    tier.isAway = true;
    expect(await read()).toBe('CACHED ours');
    expect(upstream.begun).toEqual([]);
  });

  it('is compared with as of before it was asked', async () => {
    const { tier, read, know, theyKeep } = aCache();
    know('ours', AGES.FRESH);
    tier.listeningSince += 1;
    const { promise, resolve: open } = Promise.withResolvers<void>();
    tier.gate = promise;
    const looking = read();
    await settle();
    tier.listeningSince += 1;
    theyKeep('theirs', 0);
    open();
    await looking;
    expect(await read()).toBe('CACHED theirs');
  });

  it('is compared with by a value that was asked for before it was back', async () => {
    const { clock, tier, upstream, read, theyKeep } = aCache();
    const reading = read();
    await clock.advance(1_000);
    theyKeep('theirs', 0);
    tier.listeningSince += 1;
    // The first of several pages, for example.
    upstream.begun[0]!.end('ours', clock.now() - 500);
    expect(await reading).toBe('FRESH ours');
    expect([await read(), await read()]).toEqual(['CACHED theirs', 'CACHED theirs']);
    expect(tier.lookups).toEqual(['a', 'a']);
  });

  it.each([
    ['we read', 'keep'],
    ['they read', 'keepTold'],
  ] as const)('is compared with by what a list tells that %s before', async (_, keep) => {
    const { clock, cache, tier, read, theyKeep } = aCache();
    const fetchedAtMs = clock.now() - AGES.FRESH;
    theyKeep('newer', AGES.FRESH - 1_000);
    tier.listeningSince += 1;
    cache[keep](aQuestion('a'), { value: { text: 'on a list' }, fetchedAtMs });
    expect([await read(), await read()]).toEqual(['CACHED newer', 'CACHED newer']);
    expect(tier.lookups).toEqual(['a']);
  });

  it('need not be compared with by what is read when it is back', async () => {
    const { clock, cache, tier, upstream, read } = aCache();
    tier.listeningSince += 1;
    upstream.answers = 'one';
    expect([await read(), await read()]).toEqual(['FRESH one', 'CACHED one']);
    await clock.advance(10_000);
    cache.keepTold(aQuestion('a'), { value: { text: 'theirs' }, fetchedAtMs: clock.now() });
    expect(await read()).toBe('CACHED theirs');
    expect(tier.lookups).toEqual(['a']);
  });

  it.each(['nothing', 'something older'])('and knows %s is given what only we know', async (what) => {
    const { tier, read, know, theyKeep } = aCache();
    know('ours', 1_000);
    if (what === 'something older') {
      theyKeep('older', AGES.FRESH);
    }
    tier.listeningSince += 1;
    expect(await read()).toBe('CACHED ours');
    await settle();
    expect(tier.kept.get('a')!.text).toContain('ours');
    expect(tier.turns.size).toBe(0);
  });

  it('costs a reading by each replica, and nothing else', async () => {
    const { clock, tier, upstream, read } = aCache();
    tier.isAway = true;
    upstream.answers = 'one';
    expect([await read(), await read()]).toEqual(['FRESH one', 'CACHED one']);
    expect(clock.sleeping).toBe(0);
  });

  it('that answers slowly delays nobody who knows', async () => {
    const { tier, read, know } = aCache();
    tier.gate = new Promise(() => undefined);
    know('one', AGES.FRESH);
    expect(await read()).toBe('CACHED one');
  });
});

describe('a place', () => {
  const question = aQuestion('a', { digestOf: ({ text }) => text });

  it('has another version when something else is known of a value, and not when it is the same again', () => {
    const { clock, cache } = aCache();
    const place = cache.place(PLACE, () => null);
    const versions = ['one', 'one', 'two', 'two', 'one'].map((text, index) => {
      cache.keep(question, { value: { text }, fetchedAtMs: clock.now() + index });
      return place.version;
    });
    expect(versions).toEqual([1, 1, 2, 2, 3]);
  });

  it('of another version makes every use of a value in it over', async () => {
    const { clock, cache, upstream, read } = aCache();
    cache.place(PLACE, () => null);
    upstream.answers = 'one';
    const uses: Use[] = [];
    await read({ onUse: (use) => uses.push(use) }, aQuestion('list'));
    expect(uses[0]!.isCurrent()).toBe(true);
    cache.keep(question, { value: { text: 'job' }, fetchedAtMs: clock.now() });
    expect(uses[0]!.isCurrent()).toBe(false);
  });

  it('has its values announced', async () => {
    const { tier, upstream, read } = aCache();
    upstream.answers = 'one';
    await read({}, question);
    expect(tier.stored).toMatchObject([{ announce: true, record: { digest: 'one' } }]);
  });
});

describe('a value that was read along with something else', () => {
  it('is known and shared, unless something newer is known', async () => {
    const { clock, cache, tier, read } = aCache();
    const keep = (text: string, fetchedAtMs: number): void => {
      cache.keep(aQuestion('a'), { value: { text }, fetchedAtMs });
    };
    keep('one', clock.now());
    keep('older', clock.now() - 1);
    expect(await read()).toBe('CACHED one');
    expect(tier.stored).toHaveLength(1);
  });

  it('that another replica told of is known, and not shared again', async () => {
    const { tier, read, know } = aCache();
    know('one', AGES.FRESH);
    know('older', AGES.FRESH + 1);
    expect(await read()).toBe('CACHED one');
    expect(tier.stored).toEqual([]);
  });
});
