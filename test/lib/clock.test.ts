import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';

describe('the clock of the machine', () => {
  it('tells the time of the machine', () => {
    vi.useFakeTimers({ now: 1_234 });
    expect(systemClock.now()).toBe(1_234);
    vi.useRealTimers();
  });

  it('wakes a sleeper when its time is over, and not before', async () => {
    vi.useFakeTimers();
    let isAwake = false;
    const sleep = systemClock.sleep(50).then(() => {
      isAwake = true;
    });
    await vi.advanceTimersByTimeAsync(49);
    expect(isAwake).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await sleep;
    expect(isAwake).toBe(true);
    vi.useRealTimers();
  });

  it('wakes a sleeper with the reason of its signal at once, and leaves no timer behind', async () => {
    vi.useFakeTimers();
    const controller = new AbortController();
    const sleep = expect(systemClock.sleep(60_000, controller.signal)).rejects.toThrow('left');
    expect(vi.getTimerCount()).toBe(1);
    controller.abort(new Error('left'));
    await sleep;
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('does not begin to sleep under a signal that is aborted', async () => {
    await expect(systemClock.sleep(60_000, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });

  it('makes an error of a reason that is none', async () => {
    const reason = 'closed';
    const failure: unknown = await systemClock
      .sleep(60_000, AbortSignal.abort(reason))
      .catch((error) => error);
    expect(failure).toBeInstanceOf(Error);
    expect((failure as Error).cause).toBe('closed');
  });

  it('leaves no listener on a signal that outlives the sleep', async () => {
    const { signal } = new AbortController();
    await systemClock.sleep(0, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('calls back once after the time, and not at all when told to leave it', () => {
    vi.useFakeTimers();
    const called: string[] = [];
    systemClock.after(1_000, () => called.push('kept'));
    const cancel = systemClock.after(1_000, () => called.push('cancelled'));
    cancel();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(5_000);
    expect(called).toEqual(['kept']);
    vi.useRealTimers();
  });
});
