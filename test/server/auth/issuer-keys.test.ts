import type { FlattenedJWSInput } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { IssuerKeys } from '../../../src/server/auth/issuer-keys.ts';
import { KeySet } from '../../../src/server/auth/key-set.ts';
import { KeysUnavailableError } from '../../../src/server/auth/refusal.ts';
import { keySetReads, type KeySetReadEvent } from '../../../src/telemetry/channels.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type IssuerKey, newKey, startIssuer, type TestIssuer } from '../../support/issuer.ts';

const COOLDOWN_MS = 30_000;
const RETRY_MS = 2_000;
const MAX_AGE_MS = 600_000;
const KEEP_MS = 3_600_000;
const TIMEOUT_MS = 2_500;

interface Keys {
  readonly issuer: TestIssuer;
  readonly clock: FakeClock;
  readonly reads: KeySetReadEvent[];
  /** What came of looking for a key: its kid, or why there is none. */
  find(key: Pick<IssuerKey, 'kid'>): Promise<string>;
}

async function startKeys(): Promise<Keys> {
  const issuer = await startIssuer();
  const clock = new FakeClock();
  const keySet = new KeySet(issuer.jwksUrl, clock);
  const keys = new IssuerKeys({
    keySet,
    clock,
    cooldownMs: COOLDOWN_MS,
    retryMs: RETRY_MS,
    maxAgeMs: MAX_AGE_MS,
    keepMs: KEEP_MS,
    timeoutMs: TIMEOUT_MS,
  });
  const reads: KeySetReadEvent[] = [];
  const stop = keySetReads.subscribe((event) => reads.push(event));
  onTestFinished(() => {
    stop();
    keySet.close();
  });
  const find = async ({ kid }: Pick<IssuerKey, 'kid'>): Promise<string> => {
    try {
      await keys.keyFor({ alg: 'ES256', kid }, {} as FlattenedJWSInput);
      return kid;
    } catch (error) {
      return error instanceof KeysUnavailableError
        ? `unavailable for ${error.retryAfterMs} ms`
        : (error as { code: string }).code;
    }
  };
  return { issuer, clock, reads, find };
}

const NONE = 'ERR_JWKS_NO_MATCHING_KEY';

describe('the keys of an issuer', () => {
  it('are read once for all who need them at once, and not again while they are young', async () => {
    const { issuer, clock, find, reads } = await startKeys();
    const found = await Promise.all(Array.from({ length: 100 }, () => find(issuer.key())));
    expect(new Set(found)).toEqual(new Set([issuer.key().kid]));
    await clock.advance(MAX_AGE_MS - 1);
    await find(issuer.key());
    expect(issuer.requests()).toBe(1);
    expect(reads).toEqual([{ outcome: 'ok', keys: 1, durationMs: 0 }]);
  });

  it('are read again when they are old, so that a key that was withdrawn ends', async () => {
    const { issuer, clock, find } = await startKeys();
    const old = issuer.key();
    await find(old);
    await issuer.rotate();
    expect(await find(old)).toBe(old.kid);
    await clock.advance(MAX_AGE_MS);
    expect(await find(old)).toBe(NONE);
    expect(await find(issuer.key())).toBe(issuer.key().kid);
    expect(issuer.requests()).toBe(2);
  });

  it('are read again once for a new one', async () => {
    const { issuer, clock, find } = await startKeys();
    await find(issuer.key());
    await clock.advance(COOLDOWN_MS);
    const next = await issuer.rotate();
    const found = await Promise.all(Array.from({ length: 50 }, () => find(next)));
    expect(new Set(found)).toEqual(new Set([next.kid]));
    expect(issuer.requests()).toBe(2);
  });

  it('cost one request per cooldown, however many invented ones are asked for', async () => {
    const { issuer, clock, find } = await startKeys();
    await find(issuer.key());
    const flood = async (): Promise<void> => {
      const kids = Array.from({ length: 1_000 }, (_, index) => ({ kid: `invented-${index}` }));
      expect(new Set(await Promise.all(kids.map(find)))).toEqual(new Set([NONE]));
    };
    await flood();
    expect(issuer.requests()).toBe(1);
    await clock.advance(COOLDOWN_MS);
    await flood();
    expect(issuer.requests()).toBe(2);
    await clock.advance(COOLDOWN_MS - 1);
    await flood();
    expect(issuer.requests()).toBe(2);
    expect(await find(issuer.key())).toBe(issuer.key().kid);
  });

  it('are good for an hour while the issuer is away, and known again when it is back', async () => {
    const { issuer, clock, find, reads } = await startKeys();
    const { kid } = issuer.key();
    await find({ kid });
    await issuer.down();
    for (let agedMs = 0; agedMs < KEEP_MS - COOLDOWN_MS; agedMs += COOLDOWN_MS) {
      await clock.advance(COOLDOWN_MS);
      expect(await find({ kid })).toBe(kid);
    }
    await clock.advance(COOLDOWN_MS);
    expect(await find({ kid })).toMatch(/^unavailable/);
    expect(reads.slice(1).every(({ outcome }) => outcome === 'no-connection')).toBe(true);
    expect(reads.length).toBeLessThan(2 + KEEP_MS / COOLDOWN_MS);
    await issuer.up();
    await clock.advance(RETRY_MS);
    expect(await find({ kid })).toBe(kid);
  }, 20_000);

  it('cannot be told to lack one while the issuer is away', async () => {
    const { issuer, clock, find } = await startKeys();
    await find(issuer.key());
    const next = await newKey();
    await issuer.down();
    await clock.advance(COOLDOWN_MS);
    expect(await find(next)).toBe(`unavailable for ${COOLDOWN_MS} ms`);
    await clock.advance(10_000);
    expect(await find(next)).toBe(`unavailable for ${COOLDOWN_MS - 10_000} ms`);
    expect(await find(issuer.key())).toBe(issuer.key().kid);
  });

  it('are tried again soon when none are known', async () => {
    const { issuer, clock, find } = await startKeys();
    await issuer.down();
    expect(await find(issuer.key())).toBe(`unavailable for ${RETRY_MS} ms`);
    await issuer.up();
    await clock.advance(RETRY_MS - 1);
    expect(await find(issuer.key())).toBe('unavailable for 1 ms');
    await clock.advance(1);
    expect(await find(issuer.key())).toBe(issuer.key().kid);
  });

  it('are not waited for longer than they may take, and by nobody while the last good ones last', async () => {
    const { issuer, clock, find, reads } = await startKeys();
    const { kid } = issuer.key();
    await find({ kid });
    issuer.answer(() => undefined);
    await clock.advance(MAX_AGE_MS);
    const waiting = find({ kid });
    await expect.poll(() => issuer.requests()).toBe(2);
    await clock.advance(TIMEOUT_MS);
    expect(await waiting).toBe(kid);
    expect(reads.at(-1)).toEqual({ outcome: 'timeout', keys: 0, durationMs: TIMEOUT_MS });
    await clock.advance(COOLDOWN_MS);
    // Nobody moves the clock: whoever waited would wait for ever.
    expect(await find({ kid })).toBe(kid);
    await expect.poll(() => issuer.requests()).toBe(3);
  });

  it('are read again after the clock was set back', async () => {
    const { issuer, clock, find } = await startKeys();
    await clock.advance(KEEP_MS);
    await find(issuer.key());
    const next = await issuer.rotate();
    expect(await find(next)).toBe(NONE);
    const behind = new FakeClock(clock.now() - KEEP_MS);
    Object.assign(clock, { now: () => behind.now() });
    expect(await find(next)).toBe(next.kid);
  });
});

describe('what is no set of keys', () => {
  it.each([
    ['a redirect', 302, { location: 'http://127.0.0.1:9/jwks' }, ''],
    ['a fault', 500, {}, '{"keys":[]}'],
    ['a page', 200, { 'content-type': 'text/html' }, '<html></html>'],
    ['a set without keys', 200, {}, '{"keys":[]}'],
    ['no object', 200, {}, '[]'],
    ['null', 200, {}, 'null'],
    ['keys that are none', 200, {}, '{"keys":[1]}'],
    ['too many keys', 200, {}, JSON.stringify({ keys: Array.from({ length: 101 }, () => ({ kty: 'EC' })) })],
    ['a body of a megabyte', 200, {}, JSON.stringify({ keys: [{ kty: 'EC', x: 'x'.repeat(1_048_576) }] })],
    ['a compressed body', 200, { 'content-encoding': 'gzip' }, '{"keys":[{"kty":"EC"}]}'],
    ['no UTF-8', 200, {}, Buffer.from([0xff, 0xfe])],
  ])('%s takes no good one’s place', async (_name, status, headers, body) => {
    const { issuer, clock, find, reads } = await startKeys();
    const { kid } = issuer.key();
    await find({ kid });
    issuer.answer((response) => response.writeHead(status, headers).end(body));
    await clock.advance(MAX_AGE_MS);
    expect(await find({ kid })).toBe(kid);
    expect(reads.at(-1)?.outcome).toBe('bad-answer');
    expect(issuer.requests()).toBe(2);
  });
});
