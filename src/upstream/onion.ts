import type { Clock } from '../lib/clock.ts';
import type { JobSource, Origin } from '../model/origin.ts';
import { attemptTimeout } from './attempt-timeout.ts';
import { type BreakerSettings, createBreaker } from './breaker/breaker.ts';
import { createBulkhead } from './turns/bulkhead.ts';
import type { CircuitState } from './breaker/circuit.ts';
import { correctClock } from './signing/correct-clock.ts';
import { createHttp } from './http.ts';
import { join } from './join.ts';
import { limit } from './turns/limiter.ts';
import type { Limiter } from './turns/limiter.ts';
import { observe } from './observe.ts';
import { hideCredential } from './signing/hide-credential.ts';
import { type CredentialHolder, reloadCredential } from './signing/reload-credential.ts';
import { retry } from './retry.ts';
import { compose, type Send } from './send.ts';
import { sign } from './signing/sign.ts';
import type { Signer } from './signing/sign.ts';
import { tellDeparture } from './tell-departure.ts';

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
  /** Calls that may be under way at a time, where no budget of calls per second limits them. Default 8. */
  readonly concurrentCalls: number;
  /** Attempts per call, the first included. Default 3, and 2 for BatchCompute, where each costs half a second of budget. */
  readonly attempts: number;
}

export interface SendOptions {
  readonly origin: Origin;
  /** Where to connect: scheme, host and port. The host that is signed and asked for is the signer's business. */
  readonly endpoint: string;
  readonly signer: Signer;
  /** What the signer signs with, to be renewed where that can be, and hidden in answers. Default: neither. */
  readonly credential?: CredentialHolder;
  readonly clock: Clock;
  /** Uniform in [0, 1); default Math.random. */
  readonly random?: () => number;
  /** Where calls are paced by the second: the budget of each action, and the host that is asked. Default: not paced. */
  readonly pacing?: { readonly limiterFor: (action: string) => Limiter; readonly host: string };
  readonly breaker?: Partial<BreakerSettings>;
  readonly limits?: Partial<SendLimits>;
}

/** The way to one origin. */
export interface OriginWay {
  /**
   * Rejects with an `UpstreamError`, with what `decode` threw, with the signal's reason when the caller left, or with a plain
   * Error for a fault of our own.
   */
  readonly send: Send;
  /** Whether the origin is asked at present. */
  readonly circuit: () => CircuitState;
  /** Cuts every connection, and does not wait. */
  readonly close: () => Promise<void>;
}

const ATTEMPTS: Readonly<Record<JobSource, number>> = { COS: 3, CI: 3, BATCH_COMPUTE: 2 };

/** Everything between a source's client and the wire, for one origin. */
export function createSend(options: SendOptions): OriginWay {
  const { origin, endpoint, signer, credential, clock, random = Math.random, pacing } = options;
  const limits = withDefaults(origin, options.limits);
  const http = createHttp({ origin, endpoint, clock, limits, pacedHost: pacing?.host });
  const breaker = createBreaker({
    origin,
    clock,
    attemptTimeoutMs: limits.attemptTimeoutMs,
    ...(options.breaker === undefined ? {} : { settings: options.breaker }),
  });
  const observers = observe(origin, clock);
  const time = correctClock(clock);
  const renewals = credential === undefined ? [] : [reloadCredential(credential, clock)];
  const hiding = credential === undefined ? [] : [hideCredential(credential)];
  const bulkhead = createBulkhead({ origin, clock, calls: limits.concurrentCalls });

  // The order, outermost first, and why:
  const send = compose(
    [
      // many may ask for one call; each of them leaves at its own deadline
      join(origin, clock),
      // sees each call once, however it ends
      observers.call,
      // knows until when an upstream that keeps failing is left alone, which is no pause to wait for
      breaker.advice,
      // tries again whatever is below, so each attempt takes a turn, a signature and a time limit of its own
      retry({ attempts: limits.attempts, clock, random }),
      // once more with what has been mended, which again takes a turn and a signature of its own
      time.call,
      ...renewals.map((renewal) => renewal.call),
      // counts how attempts end, and refuses before anything waits for an upstream that keeps failing
      breaker.admission,
      // the upstream counts attempts; what waits here has not begun, so no attempt's time runs out in the queue
      limit({
        origin,
        limiterFor: pacing?.limiterFor ?? (() => bulkhead),
        readiness: breaker.readiness(http.readiness),
        clock,
        onWaited: observers.onWaited,
      }),
      // stops who was waiting when the upstream was given up
      breaker.departure,
      // each attempt as the upstream sees it, without the wait for its turn
      observers.attempt,
      // note what the attempt is signed with, which may have been mended during the wait
      time.attempt,
      ...renewals.map((renewal) => renewal.attempt),
      // after the wait: an answer may be as old as the attempt that it belongs to, and no older
      tellDeparture(clock),
      // after the wait: a signature holds the time at which it was made
      sign(signer, time.signingClock),
      // with what the signature was made with, which no answer is to tell anybody
      ...hiding,
      // directly around the exchange: waiting for a turn does not count
      attemptTimeout({ origin, clock, attemptTimeoutMs: limits.attemptTimeoutMs }),
    ],
    http.send,
  );
  return { send, circuit: breaker.state, close: http.close };
}

function withDefaults(origin: Origin, limits: Partial<SendLimits> = {}): SendLimits {
  return {
    attemptTimeoutMs: 2_500,
    connectTimeoutMs: 1_000,
    maxBodyBytes: 4 * 1_024 * 1_024,
    connections: 16,
    concurrentCalls: 8,
    attempts: ATTEMPTS[origin.source],
    ...limits,
  };
}
