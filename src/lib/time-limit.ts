import type { Clock } from './clock.ts';

export interface TimeLimit<T> {
  readonly clock: Clock;
  readonly limitMs: number;
  /** The caller's signal. */
  readonly signal: AbortSignal;
  readonly timeoutError: () => Error;
  /** Is handed a signal that aborts with the caller's, and at the limit. */
  readonly run: (signal: AbortSignal) => Promise<T>;
}

/** Longer waits overflow Node's timers, which then fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs something for at most `limitMs`. Settles at the limit or the caller's abort even when what runs is deaf to its
 * signal. Rejects with `timeoutError()`, with the caller's reason, or with what the run threw; leaves no timer behind.
 */
export async function withTimeLimit<T>({
  clock,
  limitMs,
  signal,
  timeoutError,
  run,
}: TimeLimit<T>): Promise<T> {
  signal.throwIfAborted();
  const inner = new AbortController();
  const { promise: cut, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    inner.abort(reason);
    reject(reason);
  };
  const onAbort = (): void => {
    end(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const cancel = clock.after(Math.min(limitMs, MAX_TIMER_MS), () => {
    end(timeoutError());
  });
  try {
    return await Promise.race([run(inner.signal), cut]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
