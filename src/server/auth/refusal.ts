import { GraphQLError } from 'graphql';

/** Why a caller is refused: for the operator. The caller is told one text for all of them. */
export type RefusalReason =
  | 'no-token'
  /** Another scheme, two headers, or not the form of a token. */
  | 'malformed'
  | 'too-long'
  | 'algorithm'
  /** No key of the issuer fits, or more than one does. */
  | 'unknown-key'
  | 'signature'
  | 'issuer'
  | 'audience'
  /** `exp` has passed or is missing. */
  | 'expired'
  | 'not-yet-valid'
  /** A claim of another form than it must have, or one that stands there twice. */
  | 'claims'
  /** A router that asks for jobs, and does not say for whom. */
  | 'router-without-user';

/** A caller that cannot be let in. Holds nothing of its token. */
export class CallerRefusedError extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason) {
    super(`the caller is refused: ${reason}`);
    this.name = 'CallerRefusedError';
    this.reason = reason;
  }
}

/** Whether a token is good cannot be told, because the issuer's keys cannot be read. */
export class KeysUnavailableError extends Error {
  /** When they are tried again at the earliest. */
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('the keys of the issuer cannot be read');
    this.name = 'KeysUnavailableError';
    this.retryAfterMs = retryAfterMs;
  }
}

const REALM = 'Bearer realm="jobs-gateway"';

/** What a refused caller is told (RFC 6750 section 3): that it needs a token or, with an error code, that this is none. */
export function unauthenticated(reason: RefusalReason): GraphQLError {
  const hasToken = reason !== 'no-token' && reason !== 'router-without-user';
  const challenge = hasToken ? `${REALM}, error="invalid_token"` : REALM;
  return new GraphQLError(
    'Expected the header Authorization with "Bearer " and one valid token of the configured issuer for this gateway.',
    {
      extensions: {
        code: 'UNAUTHENTICATED',
        http: { status: 401, headers: { 'www-authenticate': challenge } },
      },
    },
  );
}

/** Not the caller's fault, and for all that is known its token is good: asking again helps, another token would not. */
export function undecided({ retryAfterMs }: KeysUnavailableError): GraphQLError {
  const headers = { 'retry-after': String(Math.max(Math.ceil(retryAfterMs / 1_000), 1)) };
  return new GraphQLError(
    'Tokens cannot be checked at present: the keys of their issuer cannot be read. Ask again.',
    {
      extensions: {
        code: 'UPSTREAM_UNAVAILABLE',
        retryable: true,
        retryAfterMs,
        http: { status: 503, headers },
      },
    },
  );
}
