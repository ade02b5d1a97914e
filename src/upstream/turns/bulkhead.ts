import type { Clock } from '../../lib/clock.ts';
import { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import { FairQueue } from './fair-queue.ts';
import type { Limiter, Turn, TurnRequest } from './limiter.ts';
import { placeName, sourceName } from '../origin-name.ts';

export interface BulkheadOptions {
  readonly origin: Origin;
  readonly clock: Clock;
  /** How many calls may be under way at a time. */
  readonly calls: number;
}

/** After so long without any call coming back, an upstream all of whose places are taken is taken to hang. */
const STALL_MS = 1_000;

interface Waiting {
  readonly callers: ReadonlySet<string> | undefined;
  readonly isBackground: boolean;
  readonly give: (turn: Turn) => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * So many calls of an origin at a time, over all requests. Who comes when all places are taken waits as long as calls come
 * back: waiting a moment is better than a refusal. When none has come back for a second, all who wait, and then all who
 * come, are refused at once with `UPSTREAM_UNAVAILABLE`: waiting behind a hung upstream helps nobody (reliability F8).
 */
export function createBulkhead(options: BulkheadOptions): Limiter {
  const { origin, clock, calls } = options;
  const queue = new FairQueue<Waiting>();
  let underWay = 0;
  /** When the last free place was taken: all have been since, if all are. */
  let fullSinceMs = Number.NEGATIVE_INFINITY;
  let cancelWatch: (() => void) | null = null;

  const newTurn = (): Turn => {
    underWay += 1;
    if (underWay === calls) {
      fullSinceMs = clock.now();
    }
    return { release };
  };

  function release(): void {
    underWay -= 1;
    const [next] = queue.take(1);
    next?.give(newTurn());
    watch();
  }

  /** Looks after those who wait; idle, there is no timer. */
  function watch(): void {
    cancelWatch?.();
    cancelWatch = queue.size === 0 ? null : clock.after(STALL_MS - stalledMs(), refuseIfStalled);
  }

  const stalledMs = (): number => Math.max(0, clock.now() - fullSinceMs);

  function refuseIfStalled(): void {
    if (stalledMs() >= STALL_MS) {
      queue.take(queue.size).forEach((waiting) => {
        waiting.refuse(hung(origin));
      });
    }
    watch();
  }

  async function waitForTurn({ scope }: TurnRequest): Promise<Turn> {
    const { promise, resolve: give, reject: refuse } = Promise.withResolvers<Turn>();
    const waiting: Waiting = {
      get callers() {
        return scope.callers;
      },
      get isBackground() {
        return scope.isBackground === true;
      },
      give,
      refuse,
    };
    const leave = (): void => {
      if (queue.remove(waiting)) {
        refuse(scope.signal.reason);
        watch();
      }
    };
    scope.signal.addEventListener('abort', leave, { once: true });
    queue.add(waiting);
    refuseIfStalled();
    try {
      return await promise;
    } finally {
      scope.signal.removeEventListener('abort', leave);
    }
  }

  return {
    acquire: async (request) => {
      request.scope.signal.throwIfAborted();
      return underWay < calls ? newTurn() : await waitForTurn(request);
    },
    // What these upstreams refuse for too many calls is tried again after a pause, each call by itself.
    pushBack: () => undefined,
  };
}

function hung(origin: Origin): UpstreamError {
  const message = `${sourceName(origin)} does not answer for ${placeName(origin)}, and as many calls wait for it as may: ask again later`;
  return new UpstreamError('UPSTREAM_UNAVAILABLE', origin, message, {
    retryable: true,
    retryAfterMs: STALL_MS,
    isLocal: true,
  });
}
