import { getHeapStatistics } from 'node:v8';

/** How hard the process had it for a while. */
export interface Strain {
  /** How long that while was. */
  readonly forMs: number;
  /** How late the event loop was in it, at worst. */
  readonly eventLoopDelayMs: number;
  /** How much of the memory that JavaScript may have is in use at its end. */
  readonly heapPercent: number;
}

/** What can be seen of a process. Each watch goes on until the function that it gave is called. */
export interface Watch {
  /** Tells of one while after the other, without a gap. Keeps no process alive. */
  strain(onStrain: (strain: Strain) => void): () => void;
  /** Tells after each turn of the event loop how long it lasted. The loop turns without rest meanwhile, and the process lives. */
  turns(onTurn: (lastedMs: number) => void): () => void;
}

const TICK_MS = 25;
const WHILE_MS = 100;

/**
 * This process. The strain costs a timer 40 times a second. Node's own histogram of the delay would not do: it forgets the
 * stall that goes on while it is reset, which is every one where the loop is late all the time.
 */
export const thisProcess: Watch = {
  strain: (onStrain) => {
    let tickedAtMs = performance.now();
    let beganAtMs = tickedAtMs;
    let eventLoopDelayMs = 0;
    const timer = setInterval(() => {
      const nowMs = performance.now();
      eventLoopDelayMs = Math.max(eventLoopDelayMs, Math.round(nowMs - tickedAtMs - TICK_MS));
      tickedAtMs = nowMs;
      if (nowMs - beganAtMs >= WHILE_MS) {
        onStrain({ forMs: nowMs - beganAtMs, eventLoopDelayMs, heapPercent: usedHeapPercent() });
        beganAtMs = nowMs;
        eventLoopDelayMs = 0;
      }
    }, TICK_MS).unref();
    return () => {
      clearInterval(timer);
    };
  },

  turns: (onTurn) => {
    let beganAtMs = performance.now();
    let next = setImmediate(endTurn);
    function endTurn(): void {
      const nowMs = performance.now();
      next = setImmediate(endTurn);
      onTurn(nowMs - beganAtMs);
      beganAtMs = nowMs;
    }
    return () => {
      clearImmediate(next);
    };
  },
};

function usedHeapPercent(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return (used / limit) * 100;
}
