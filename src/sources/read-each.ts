import type { CallScope } from '../lib/call-scope.ts';

/**
 * Reads by id where the upstream has no read of many: each distinct id once, all asked for at once, for the origin's own
 * queue lets as many go as may. Same length and order as `jobIds`: what the read of that id gave, or its Error. Rejects only
 * with the signal's reason, at once when it aborts.
 */
export async function readEach<T>(
  jobIds: readonly string[],
  read: (jobId: string) => Promise<T>,
  scope: CallScope,
): Promise<(T | Error)[]> {
  scope.signal.throwIfAborted();
  const reads = new Map<string, Promise<T | Error>>();
  const inOrder = jobIds.map((jobId) => {
    const begun = reads.get(jobId) ?? read(jobId).catch(asError);
    reads.set(jobId, begun);
    return begun;
  });
  const results = await Promise.all(inOrder);
  scope.signal.throwIfAborted();
  return results;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a read failed', { cause: error });
}
