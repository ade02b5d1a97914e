import { UpstreamError } from '../model/errors.ts';
import type { UpstreamErrorCode } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { placeName, sourceName } from './origin-name.ts';

interface NetworkFault {
  readonly code: UpstreamErrorCode;
  readonly retryable: boolean;
  /** Continues the name of the source. */
  readonly says: string;
}

const UNREACHABLE: NetworkFault = {
  code: 'UPSTREAM_UNAVAILABLE',
  retryable: true,
  says: 'could not be reached',
};
const CUT: NetworkFault = { code: 'UPSTREAM_UNAVAILABLE', retryable: true, says: 'broke the connection off' };
const UNTRUSTED: NetworkFault = {
  code: 'UPSTREAM_UNAVAILABLE',
  retryable: false,
  says: 'could not prove its identity by TLS: check the endpoint and the certificates in between',
};
const CLOSING: NetworkFault = {
  code: 'UPSTREAM_UNAVAILABLE',
  retryable: false,
  says: 'is not asked any more because the gateway is shutting down',
};
const TOO_SLOW: NetworkFault = { code: 'UPSTREAM_TIMEOUT', retryable: true, says: 'did not answer in time' };
const UNREADABLE: NetworkFault = {
  code: 'UPSTREAM_BAD_RESPONSE',
  retryable: true,
  says: 'answered something that is not valid HTTP',
};
const TOO_LARGE: NetworkFault = {
  code: 'UPSTREAM_BAD_RESPONSE',
  retryable: true,
  says: 'answered more than the gateway accepts',
};

/** Error codes of Node and undici; reliability section 5.4, rows "Network". */
const FAULTS: ReadonlyMap<string, NetworkFault> = new Map([
  ['ECONNREFUSED', UNREACHABLE],
  ['ENOTFOUND', UNREACHABLE],
  ['EAI_AGAIN', UNREACHABLE],
  ['EHOSTUNREACH', UNREACHABLE],
  ['ENETUNREACH', UNREACHABLE],
  ['UND_ERR_CONNECT_TIMEOUT', UNREACHABLE],
  ['ECONNRESET', CUT],
  ['EPIPE', CUT],
  ['UND_ERR_SOCKET', CUT],
  ['ETIMEDOUT', TOO_SLOW],
  ['UND_ERR_HEADERS_TIMEOUT', TOO_SLOW],
  ['UND_ERR_BODY_TIMEOUT', TOO_SLOW],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', UNREADABLE],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', TOO_LARGE],
  ['UND_ERR_HEADERS_OVERFLOW', TOO_LARGE],
  ['UND_ERR_DESTROYED', CLOSING],
  ['UND_ERR_CLOSED', CLOSING],
]);

/** Verification results of OpenSSL and Node; `EPROTO` and `ERR_SSL_` come from a peer that does not speak TLS at all. */
const UNTRUSTED_CODE =
  /^(?:CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_|EPROTO)/;
/** The request itself was wrong: nothing that another try, or the client, could mend. */
const OUR_BUG_CODE = /^UND_ERR_(?:INVALID_|NOT_SUPPORTED|REQ_)/;

/**
 * What a failed exchange means. Gives an `UpstreamError` whose message names the source, the configured place and Node's
 * short code, never a host (so the original is not kept as its cause); or a plain Error when the fault is our own.
 */
export function networkError(origin: Origin, error: unknown): Error {
  const fault = faultOf(error);
  if (fault === null) {
    return new Error('The gateway built a request that cannot be sent', { cause: error });
  }
  const message = `${sourceName(origin)} ${fault.says}, for ${placeName(origin)} (${shortCode(error)})`;
  // A gateway that shuts down says nothing of the upstream.
  return new UpstreamError(fault.code, origin, message, {
    retryable: fault.retryable,
    isLocal: fault === CLOSING,
  });
}

function faultOf(error: unknown): NetworkFault | null {
  const code = errorCode(error);
  if (isMisbehaviour(error)) {
    return UNREADABLE;
  }
  if (error instanceof Error && error.name === 'TimeoutError') {
    return TOO_SLOW;
  }
  if (code === null || OUR_BUG_CODE.test(code)) {
    return null;
  }
  if (UNTRUSTED_CODE.test(code)) {
    return UNTRUSTED;
  }
  return FAULTS.get(code) ?? UNREACHABLE;
}

/**
 * undici gives an unasked 1xx or 101 the code of a lost connection; only its message tells that the peer misbehaved. It takes
 * some answers, such as one of status 000, for impossible and fails in an assertion.
 */
function isMisbehaviour(error: unknown): boolean {
  if (!(error instanceof Error)) {
    return false;
  }
  const isImpossible = error.name === 'HTTPParserError' || errorCode(error) === 'ERR_ASSERTION';
  return isImpossible || /^bad (?:response|upgrade)$/.test(error.message);
}

function errorCode(error: unknown): string | null {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return null;
}

function shortCode(error: unknown): string {
  const code = errorCode(error);
  return code !== null && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'no code';
}
