import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { withTimeLimit } from '../../src/lib/time-limit.ts';
import { FakeClock } from '../support/fake-clock.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const tooLate = (): Error => new Error('too late');

it('gives what the run gives, and leaves neither timer nor listener', async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const run = (): Promise<number> => Promise.resolve(7);
  expect(await withTimeLimit({ clock, limitMs: 100, signal, timeoutError: tooLate, run })).toBe(7);
  expect(clock.sleeping).toBe(0);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('rejects at the limit, and not before, even when the run is deaf', async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  let failure: unknown = null;
  const pending = withTimeLimit({ clock, limitMs: 100, signal, timeoutError: tooLate, run: never }).catch(
    (error: unknown) => {
      failure = error;
    },
  );
  await clock.advance(99);
  expect(failure).toBeNull();
  await clock.advance(1);
  expect(failure).toEqual(tooLate());
  await pending;
  expect(clock.sleeping).toBe(0);
});

it('aborts what runs at the limit', async () => {
  const clock = new FakeClock();
  let inner: AbortSignal | null = null;
  const run = (signal: AbortSignal): Promise<never> => {
    inner = signal;
    return never();
  };
  const { signal } = new AbortController();
  const outcome = expect(
    withTimeLimit({ clock, limitMs: 5, signal, timeoutError: tooLate, run }),
  ).rejects.toThrow('too late');
  await clock.advance(5);
  await outcome;
  expect(inner).toMatchObject({ aborted: true, reason: tooLate() });
});

it("rejects with the caller's own reason, whatever it is and whatever the run makes of it", async () => {
  const clock = new FakeClock();
  const caller = new AbortController();
  const run = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error('wrapped'));
      });
    });
  const { signal } = caller;
  const outcome = withTimeLimit({ clock, limitMs: 100, signal, timeoutError: tooLate, run }).catch(
    (error: unknown) => error,
  );
  caller.abort('gone');
  expect(await outcome).toBe('gone');
  expect(clock.sleeping).toBe(0);
});

it('does not run at all for a caller who has left', async () => {
  const clock = new FakeClock();
  let ran = false;
  const run = (): Promise<void> => {
    ran = true;
    return Promise.resolve();
  };
  const signal = AbortSignal.abort(new Error('gone'));
  await expect(withTimeLimit({ clock, limitMs: 1, signal, timeoutError: tooLate, run })).rejects.toThrow(
    'gone',
  );
  expect(ran).toBe(false);
});

it('takes a limit beyond the range of timers as one that does not come', async () => {
  const clock = new FakeClock();
  const limits: number[] = [];
  const noting = {
    now: () => clock.now(),
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
    after: (ms: number, callback: () => void) => {
      limits.push(ms);
      return clock.after(ms, callback);
    },
  };
  const { signal } = new AbortController();
  const run = (): Promise<void> => Promise.resolve();
  await withTimeLimit({ clock: noting, limitMs: Infinity, signal, timeoutError: tooLate, run });
  expect(limits).toEqual([2_147_483_647]);
});
