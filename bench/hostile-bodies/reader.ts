/**
 * Reads what an upstream gives to one kind of request, again and again, in a process of its own, and tells what each read came
 * to and for how long the event loop was held up meanwhile at most.
 */
import { setImmediate } from 'node:timers/promises';
import { UpstreamError } from '../../src/model/errors.ts';
import type { JobSource } from '../../src/model/origin.ts';
import { type HostileClient, hostileClient } from '../../test/hostile/sources.ts';

/** What the first process asks for. */
export interface Order {
  readonly source: JobSource;
  readonly read: 'list' | 'describe';
  /** An upstream that gives a small right answer, to wake everything up that is not the matter. */
  readonly rightEndpoint: string;
  readonly endpoint: string;
  readonly runs: number;
}

export interface Reading {
  readonly outcome: string;
  /** How long the thread worked at most, in milliseconds, between two turns of the event loop; of each run. */
  readonly blocksMs: readonly number[];
}

async function outcomeOf({ list, describe }: HostileClient, read: Order['read']): Promise<string> {
  try {
    return read === 'list'
      ? `${(await list()).jobs.length} jobs`
      : (await describe()) === null
        ? 'null'
        : 'a job';
  } catch (error) {
    return error instanceof UpstreamError ? error.code : String(error);
  }
}

/** What this thread has worked so far, whatever else the machine was busy with meanwhile. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Takes a turn of the event loop over and over until stopped; gives the longest one. */
function watchTurns(): { stop(): Promise<number> } {
  const over = new AbortController();
  const watching = (async () => {
    let longestMs = 0;
    let lastMs = threadMs();
    while (!over.signal.aborted) {
      await setImmediate();
      const nowMs = threadMs();
      longestMs = Math.max(longestMs, nowMs - lastMs);
      lastMs = nowMs;
    }
    return longestMs;
  })();
  return {
    stop: async () => {
      over.abort();
      return await watching;
    },
  };
}

async function readAgainAndAgain({ source, read, rightEndpoint, endpoint, runs }: Order): Promise<Reading> {
  const right = hostileClient(source, rightEndpoint, { attempts: 1 });
  await outcomeOf(right, 'list');
  await right.close();
  let outcome = '';
  const blocksMs: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    // A new one, for an upstream that fails again and again would no longer be asked.
    const client = hostileClient(source, endpoint, { attempts: 1 });
    const watch = watchTurns();
    outcome = await outcomeOf(client, read);
    blocksMs.push(await watch.stop());
    await client.close();
  }
  return { outcome, blocksMs };
}

process.once('message', (order: Order) => {
  void (async () => {
    process.send?.(await readAgainAndAgain(order));
    process.disconnect();
  })();
});
