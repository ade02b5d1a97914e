import { GatewayError, UpstreamError } from '../../model/errors.ts';

/**
 * What the end of an attempt says of its upstream: it works, it failed, it will fail until somebody mends something, or
 * nothing at all.
 */
export type Verdict = 'works' | 'failed' | 'broken' | 'nothing';

export interface EndedAttempt {
  /** Whether the caller was gone by the end of it. */
  readonly wasAborted: boolean;
  /** Whether the upstream had long enough to answer in. */
  readonly hadFairTime: boolean;
}

/**
 * The verdict of an attempt that ended with this error. An upstream that refuses for good reasons works; what the gateway
 * did by itself, a bug of its own and a caller that left say nothing.
 *
 * Running out of time counts whoever set the limit, so that clients in a hurry do not keep a hung upstream from being
 * noticed; but only after a fair time, so that one that allows 5 ms cannot shut out all others.
 */
export function verdictOn(error: unknown, { wasAborted, hadFairTime }: EndedAttempt): Verdict {
  if (!(error instanceof GatewayError)) {
    return 'nothing';
  }
  if (isTimeout(error)) {
    return hadFairTime ? 'failed' : 'nothing';
  }
  if (wasAborted) {
    return 'nothing';
  }
  // Others are about what the caller sent, as told by the upstream: a cursor or an id that it does not take.
  return error instanceof UpstreamError ? verdictOnUpstreamError(error) : 'works';
}

/** No answer in time, as opposed to an answer in which the upstream says that it ran out of time. */
function isTimeout(error: GatewayError): boolean {
  return (
    error instanceof UpstreamError &&
    error.code === 'UPSTREAM_TIMEOUT' &&
    error.httpStatus === null &&
    !error.isLocal
  );
}

function verdictOnUpstreamError(error: UpstreamError): Verdict {
  if (error.isLocal) {
    return 'nothing';
  }
  switch (error.code) {
    case 'UPSTREAM_UNAVAILABLE':
      return isBeyondRetry(error) ? 'broken' : 'failed';
    case 'UPSTREAM_TIMEOUT':
    case 'UPSTREAM_BAD_RESPONSE':
      return 'failed';
    case 'UPSTREAM_RATE_LIMITED':
    case 'UPSTREAM_REJECTED':
    case 'UPSTREAM_AUTH_FAILED':
    case 'UPSTREAM_FORBIDDEN':
      return 'works';
  }
}

/**
 * Nobody answered, and trying again would not help: a peer that cannot prove by TLS who it is (reliability U2). An answer
 * that is not to be retried, such as FailedOperation, is an answer.
 */
function isBeyondRetry({ retryable, httpStatus }: UpstreamError): boolean {
  return !retryable && httpStatus === null;
}
