import type { Clock } from '../lib/clock.ts';
import type { JobSource, Origin } from '../model/origin.ts';
import { attemptTimeout } from './attempt-timeout.ts';
import { deadline } from './deadline.ts';
import { createHttp } from './http.ts';
import type { HttpSend } from './http.ts';
import { limit } from './limiter.ts';
import type { Limiter } from './limiter.ts';
import { observe } from './observe.ts';
import { retry } from './retry.ts';
import { compose } from './send.ts';
import { sign } from './sign.ts';
import type { Signer } from './sign.ts';

/** Reliability 2.1; a body's cap is that of design section 3. */
export interface SendLimits {
  /** One attempt, from connecting to the last byte. Default 2,500. */
  readonly attemptTimeoutMs: number;
  /** Default 1,000. */
  readonly connectTimeoutMs: number;
  /** Default 4 MiB. */
  readonly maxBodyBytes: number;
  /** Connections to the origin. Default 16. */
  readonly connections: number;
  /** Attempts per call, the first included. Default 3, and 2 for BatchCompute, where each costs half a second of budget. */
  readonly attempts: number;
}

export interface SendOptions {
  readonly origin: Origin;
  /** Where to connect: scheme, host and port. The host that is signed and asked for is the signer's business. */
  readonly endpoint: string;
  readonly signer: Signer;
  readonly clock: Clock;
  /** Uniform in [0, 1); default Math.random. */
  readonly random?: () => number;
  /** The budget of an action, null for none; default: no limits. */
  readonly limiterFor?: (action: string) => Limiter | null;
  readonly limits?: Partial<SendLimits>;
}

const ATTEMPTS: Readonly<Record<JobSource, number>> = { COS: 3, CI: 3, BATCH_COMPUTE: 2 };

/**
 * Everything between a source's client and the wire, for one origin. `send` rejects with an `UpstreamError`, with what
 * `decode` threw, with the signal's reason when the caller left, or with a plain Error for a fault of our own. `close` cuts
 * every connection and does not wait.
 */
export function createSend(options: SendOptions): HttpSend {
  const { origin, endpoint, signer, clock, random = Math.random, limiterFor = () => null } = options;
  const limits = withDefaults(origin, options.limits);
  const http = createHttp({ origin, endpoint, clock, limits });
  const observers = observe(origin, clock);

  // The order, outermost first, and why:
  const send = compose(
    [
      // sees each logical call once, however it ends
      observers.call,
      // everything below shares one deadline: turns, attempts and pauses
      deadline(origin, clock),
      // tries again whatever is below, so each attempt takes a turn, a signature and a time limit of its own
      retry({ attempts: limits.attempts, clock, random }),
      // the upstream counts attempts; what waits here has not begun, so no attempt's time runs out in the queue
      limit(origin, limiterFor),
      // each attempt as the upstream sees it, without the wait for its turn
      observers.attempt,
      // after the wait: a signature holds the time at which it was made
      sign(signer, clock),
      // directly around the exchange: waiting for a connection counts, waiting for a turn does not
      attemptTimeout({ origin, clock, attemptTimeoutMs: limits.attemptTimeoutMs }),
    ],
    http.send,
  );
  return { send, close: http.close };
}

function withDefaults(origin: Origin, limits: Partial<SendLimits> = {}): SendLimits {
  return {
    attemptTimeoutMs: 2_500,
    connectTimeoutMs: 1_000,
    maxBodyBytes: 4 * 1_024 * 1_024,
    connections: 16,
    attempts: ATTEMPTS[origin.source],
    ...limits,
  };
}
