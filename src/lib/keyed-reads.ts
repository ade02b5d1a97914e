import pLimit from 'p-limit';

/**
 * Reads by key where the other side has no read of many: each distinct key once, at most `concurrency` reads at a time over
 * all callers of one instance, in the order in which they were asked.
 */
export class KeyedReads {
  readonly #limit: ReturnType<typeof pLimit>;

  constructor(concurrency: number) {
    this.#limit = pLimit(concurrency);
  }

  /**
   * Same length and order as `keys`: the value, or the Error that the read of that key gave. Rejects only with the signal's
   * reason, at once when it aborts; reads that wait then never begin.
   */
  async readAll<T>(
    keys: readonly string[],
    read: (key: string) => Promise<T>,
    signal: AbortSignal,
  ): Promise<(T | Error)[]> {
    const reads = new Map<string, Promise<T | Error>>();
    const inOrder = keys.map((key) => {
      const begun = reads.get(key) ?? this.#readOne(key, read, signal);
      reads.set(key, begun);
      return begun;
    });
    return await unlessAborted(Promise.all(inOrder), signal);
  }

  async #readOne<T>(key: string, read: (key: string) => Promise<T>, signal: AbortSignal): Promise<T | Error> {
    try {
      return await this.#limit(async () => {
        signal.throwIfAborted();
        return await read(key);
      });
    } catch (error) {
      return asError(error);
    }
  }
}

/** What `promise` gives, unless the signal aborts first or has aborted by then: then rejects with its reason. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(asError(signal.reason));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const value = await Promise.race([promise, aborted]);
    signal.throwIfAborted();
    return value;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a read failed', { cause: error });
}
