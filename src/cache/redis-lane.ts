import type { Clock } from '../lib/clock.ts';
import { connectRedis, type RedisConnection } from '../lib/redis.ts';
import { type CacheFaultEvent, cacheFaults } from '../telemetry/channels.ts';
import { WaitBreaker } from './wait-breaker.ts';

/** A connection to Redis for commands of one patience, which it spares those who ask when nobody answers. */
export interface RedisLane {
  readonly connection: RedisConnection;
  /** Whether there is a connection, and nobody is spared the wait for an answer just now. */
  readonly isConnected: boolean;
  /** How long a command is waited for. */
  readonly patienceMs: number;
  /**
   * What `run` gives; null when that fails, takes longer than the patience, or is not tried because others waited in vain
   * just now. Never rejects. Publishes a fault to `cacheFaults` for each that was tried. `run` may go on after it was given
   * up, and throws `BadReplyError` when the reply is of no known form.
   */
  ask<T>(command: CacheFaultEvent['command'], run: () => Promise<T>): Promise<T | null>;
  /** Ends the connection; from then on everything is null at once, and no fault. */
  close(): void;
}

export class BadReplyError extends Error {
  override readonly name = 'BadReplyError';
}

/**
 * The connection waits longer than who asks: a shake of hands need not be done in 30 ms, and a reply that comes after all
 * tells Redis' time. Twice this without a word and it is made anew.
 */
const REPLY_MS = 250;

/** Connects as `connectRedis` does: at once, and again whenever that ends. */
export function createRedisLane(urls: string, patienceMs: number, clock: Clock): RedisLane {
  const connection = connectRedis(urls, Math.max(REPLY_MS, 2 * patienceMs));
  const breaker = new WaitBreaker(clock, patienceMs);
  let isClosed = false;
  const lastRefusal = lastRefusalOf(connection);

  const told = (command: CacheFaultEvent['command'], outcome: Failure): null => {
    if (isClosed) {
      return null;
    }
    if (outcome.kind === 'timeout') {
      breaker.waitedInVain();
    } else {
      breaker.answered();
    }
    if (cacheFaults.hasSubscribers) {
      const code = outcome.kind === 'no-connection' ? lastRefusal() : outcome.code;
      cacheFaults.publish({ kind: outcome.kind, command, code });
    }
    return null;
  };

  return {
    connection,
    patienceMs,
    get isConnected() {
      return connection.client.status === 'ready' && !breaker.isOpen;
    },
    ask: async (command, run) => {
      if (isClosed || !breaker.mayAsk()) {
        return null;
      }
      const outcome = await outcomeWithin(patienceMs, clock, run);
      if ('kind' in outcome) {
        return told(command, outcome);
      }
      breaker.answered();
      return outcome.value;
    },
    close: () => {
      isClosed = true;
      connection.close();
    },
  };
}

interface Success<T> {
  readonly value: T;
}

interface Failure {
  readonly kind: CacheFaultEvent['kind'];
  readonly code: string | null;
}

const TIMEOUT: Failure = { kind: 'timeout', code: null };

function outcomeWithin<T>(
  patienceMs: number,
  clock: Clock,
  run: () => Promise<T>,
): Promise<Success<T> | Failure> {
  return new Promise((resolve) => {
    const stop = clock.after(patienceMs, () => {
      // When it was this process that was busy, the reply is there already and is read next: it is no wait in vain.
      setImmediate(resolve, TIMEOUT);
    });
    run().then(
      (value) => {
        stop();
        resolve({ value });
      },
      (error: unknown) => {
        stop();
        resolve(failureOf(error));
      },
    );
  });
}

function failureOf(error: unknown): Failure {
  if (error instanceof BadReplyError) {
    return { kind: 'bad-value', code: null };
  }
  if (isErrorReply(error)) {
    return { kind: 'refused', code: refusalCode(error.message) };
  }
  const isTimeout = error instanceof Error && error.message === 'Command timed out';
  return isTimeout ? TIMEOUT : { kind: 'no-connection', code: null };
}

/** ioredis exports the class of these without a type. */
function isErrorReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** The word with which an error of Redis begins, such as READONLY; null when it begins with none. */
export function refusalCode(message: string): string | null {
  return /^-?([A-Z]{2,20})(?![^ ])/.exec(message)?.[1] ?? null;
}

/** Why there is no connection, when it is Redis that does not want one: a wrong password, for example. */
function lastRefusalOf({ client, onReady }: RedisConnection): () => string | null {
  let last: string | null = null;
  client.on('error', (error: unknown) => {
    last = isErrorReply(error) ? refusalCode(error.message) : null;
  });
  onReady(() => {
    last = null;
  });
  return () => last;
}
