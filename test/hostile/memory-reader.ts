/**
 * Reads again and again from upstreams of which every third answer is hostile, in a process of its own whose memory nobody else
 * uses, and tells how much of it is in use at two moments. Needs `--expose-gc`.
 */
import { UpstreamError } from '../../src/model/errors.ts';
import type { JobSource } from '../../src/model/origin.ts';
import { type HostileClient, hostileClient, SOURCES } from './sources.ts';

/** What the first process asks for. */
export interface MemoryOrder {
  readonly endpoints: Readonly<Record<JobSource, string>>;
  /** How many hostile answers are read before each measurement, from the start on. */
  readonly measureAfter: readonly number[];
  /** Of so many answers one is hostile: an upstream that fails too often would no longer be asked. */
  readonly readsPerHostileAnswer: number;
}

export interface MemoryReading {
  /** Bytes of heap and of buffers in use, after a collection, at each measurement. */
  readonly usedBytes: readonly number[];
  /** How often each outcome was seen. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Connections that are open when all is read. */
  readonly openConnections: number;
}

/** So that an answer that does not end is soon too long. */
const MAX_BODY_BYTES = 262_144;

async function outcomeOf(client: HostileClient): Promise<string> {
  try {
    return (await client.list()).jobs.length > 0 ? 'jobs' : 'no jobs';
  } catch (error) {
    return error instanceof UpstreamError ? error.code : String(error);
  }
}

function usedBytes(): number {
  if (globalThis.gc === undefined) {
    throw new Error('expected node to run with --expose-gc');
  }
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function readAll(order: MemoryOrder): Promise<MemoryReading> {
  const { endpoints, measureAfter, readsPerHostileAnswer } = order;
  const limits = { attempts: 1, maxBodyBytes: MAX_BODY_BYTES };
  const clients = SOURCES.map((source) => hostileClient(source, endpoints[source], limits));
  const outcomes: Record<string, number> = {};
  const measured: number[] = [];
  for (let hostile = 1; hostile <= Math.max(...measureAfter); hostile += clients.length) {
    for (let read = 0; read < readsPerHostileAnswer; read += 1) {
      for (const outcome of await Promise.all(clients.map(outcomeOf))) {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
    }
    if (measureAfter.some((count) => count >= hostile && count < hostile + clients.length)) {
      measured.push(usedBytes());
    }
  }
  const openConnections = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  await Promise.all(clients.map((client) => client.close()));
  return { usedBytes: measured, outcomes, openConnections };
}

process.once('message', (order: MemoryOrder) => {
  void (async () => {
    process.send?.(await readAll(order));
    process.disconnect();
  })();
});
