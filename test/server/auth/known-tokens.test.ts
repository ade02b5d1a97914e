import { describe, expect, it, onTestFinished } from 'vitest';
import { type CallerCheck, createCallerCheck } from '../../../src/server/auth/caller-check.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { startIssuer, type TestIssuer } from '../../support/issuer.ts';

const TOLERANCE_SECONDS = 5;
const MAX_AGE_MS = 600_000;

interface Remembering {
  readonly issuer: TestIssuer;
  readonly clock: FakeClock;
  /** `in`, or why not. */
  look(token: string): Promise<string>;
}

async function start(maxKnownTokens = 3): Promise<Remembering> {
  const issuer = await startIssuer();
  const clock = new FakeClock();
  const settings = issuer.auth({
    maxKnownTokens,
    clockToleranceSeconds: TOLERANCE_SECONDS,
    jwksMaxAgeMs: MAX_AGE_MS,
  });
  const callers: CallerCheck = createCallerCheck(settings, clock);
  onTestFinished(() => callers.close());
  const look = async (token: string): Promise<string> => {
    try {
      await callers.principalOf([`Bearer ${token}`]);
      return 'in';
    } catch (error) {
      return (error as Error).message;
    }
  };
  return { issuer, clock, look };
}

/** How often signatures are verified while something goes on. */
async function verifications(during: () => Promise<void>): Promise<number> {
  const { subtle } = crypto;
  const { verify } = subtle;
  let count = 0;
  subtle.verify = (...given: Parameters<typeof verify>) => {
    count += 1;
    return verify.apply(subtle, given);
  };
  try {
    await during();
  } finally {
    subtle.verify = verify;
  }
  return count;
}

describe('a token that is sent again', () => {
  it('is not verified again', async () => {
    const { issuer, clock, look } = await start();
    const token = await issuer.token({}, { nowMs: clock.now() });
    const count = await verifications(async () => {
      for (let times = 0; times < 20; times += 1) {
        expect(await look(token)).toBe('in');
      }
    });
    // Twice, for the first time there were no keys to remember it by.
    expect(count).toBe(2);
  });

  it('is verified each time where none are remembered, and when many others came between', async () => {
    const none = await start(0);
    const token = await none.issuer.token({}, { nowMs: none.clock.now() });
    expect(
      await verifications(async () => {
        await none.look(token);
        await none.look(token);
        await none.look(token);
      }),
    ).toBe(3);
    const { issuer, clock, look } = await start(3);
    const tokens = await Promise.all(
      Array.from({ length: 5 }, (_, index) => issuer.token({ sub: `${index}` }, { nowMs: clock.now() })),
    );
    const round = async (): Promise<void> => {
      for (const each of tokens) {
        expect(await look(each)).toBe('in');
      }
    };
    await round();
    expect(await verifications(round)).toBe(5);
  });

  it('ends when it says', async () => {
    const { issuer, clock, look } = await start();
    const nowMs = clock.now();
    const token = await issuer.token({ exp: Math.floor(nowMs / 1_000) + 60 }, { nowMs });
    await look(token);
    expect(await look(token)).toBe('in');
    await clock.advance(60_000 + TOLERANCE_SECONDS * 1_000 - 1);
    expect(await look(token)).toBe('in');
    await clock.advance(1);
    expect(await look(token)).toBe('the caller is refused: expired');
  });

  it('has not begun any more when the clock is set back', async () => {
    const { issuer, clock, look } = await start();
    const nowMs = clock.now();
    const token = await issuer.token({ nbf: Math.floor(nowMs / 1_000) }, { nowMs });
    await look(token);
    expect(await look(token)).toBe('in');
    Object.assign(clock, { now: () => nowMs - 60_000 });
    expect(await look(token)).toBe('the caller is refused: not-yet-valid');
  });

  it('ends with its key, as soon as the keys are read again', async () => {
    const { issuer, clock, look } = await start();
    const nowMs = clock.now();
    const token = await issuer.token({ exp: Math.floor(nowMs / 1_000) + 86_400 }, { nowMs });
    await look(token);
    expect(await look(token)).toBe('in');
    await issuer.rotate();
    await clock.advance(MAX_AGE_MS - 1);
    expect(await look(token)).toBe('in');
    await clock.advance(1);
    expect(await look(token)).toBe('the caller is refused: unknown-key');
    expect(issuer.requests()).toBe(2);
  });

  it('is undecided once the last keys are too old', async () => {
    const { issuer, clock, look } = await start();
    const nowMs = clock.now();
    const token = await issuer.token({ exp: Math.floor(nowMs / 1_000) + 86_400 }, { nowMs });
    await look(token);
    await issuer.down();
    await clock.advance(3_600_000 - 1);
    expect(await look(token)).toBe('in');
    await clock.advance(1);
    expect(await look(token)).toBe('the keys of the issuer cannot be read');
  });

  it('is another one when one letter of it is', async () => {
    const { issuer, clock, look } = await start();
    const token = await issuer.token({}, { nowMs: clock.now() });
    await look(token);
    expect(await look(token)).toBe('in');
    const changed = token.replace(
      /.(.)$/,
      (_all, last: string) => `${token.at(-2) === 'A' ? 'B' : 'A'}${last}`,
    );
    expect(changed).not.toBe(token);
    expect(await look(changed)).toBe('the caller is refused: signature');
  });
});
