import type { Origin } from './origin.ts';

/** The closed list of field-level codes (contract section 7). */
export type FieldErrorCode =
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_RATE_LIMITED'
  | 'UPSTREAM_BAD_RESPONSE'
  | 'UPSTREAM_REJECTED'
  | 'UPSTREAM_AUTH_FAILED'
  | 'UPSTREAM_FORBIDDEN'
  | 'ORIGIN_NOT_CONFIGURED'
  | 'INVALID_ID'
  | 'INVALID_CURSOR'
  | 'INVALID_REPRESENTATION'
  | 'BAD_USER_INPUT';

export type UpstreamErrorCode = Extract<FieldErrorCode, `UPSTREAM_${string}`>;

/**
 * The root of every error whose message is meant for clients. The message says what was expected, what came and what
 * to do; it never holds a secret, a host, a file path or an upstream's own text.
 */
export class GatewayError extends Error {
  readonly code: FieldErrorCode;

  constructor(code: FieldErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A value that the caller sent and can correct. */
export class UserInputError extends GatewayError {
  constructor(message: string) {
    super('BAD_USER_INPUT', message);
  }
}

export class InvalidIdError extends GatewayError {
  constructor(message: string) {
    super('INVALID_ID', message);
  }
}

/** What a federation router sent in place of an entity. */
export class InvalidRepresentationError extends GatewayError {
  constructor(message: string) {
    super('INVALID_REPRESENTATION', message);
  }
}

export class InvalidCursorError extends GatewayError {
  constructor(message: string) {
    super('INVALID_CURSOR', message);
  }
}

export class OriginNotConfiguredError extends GatewayError {
  constructor(message: string) {
    super('ORIGIN_NOT_CONFIGURED', message);
  }
}

/** What is known of a failed upstream call besides its code; an absent fact is null. */
export interface UpstreamFacts {
  /** The upstream's own error code, e.g. `NoSuchJob` or `AuthFailure.SignatureFailure`. */
  readonly upstreamCode?: string | null;
  /** The upstream's request id, which its support asks for. */
  readonly requestId?: string | null;
  /** Whether the same read may well succeed later. */
  readonly retryable?: boolean;
  readonly retryAfterMs?: number | null;
  /** The HTTP status of the answer; for logs, not for the graph. */
  readonly httpStatus?: number | null;
  /** Whether the gateway refused by itself: nothing was sent, and trying again at once would be refused as well. */
  readonly isLocal?: boolean;
  /** What the gateway itself can do about it, once, before the error is anybody else's. */
  readonly remedy?: Remedy | null;
  readonly cause?: unknown;
}

/** The upstream does not accept the time of a signature, or the session token of a temporary credential. */
export type Remedy = 'CORRECT_CLOCK' | 'RELOAD_CREDENTIAL';

/** A call to an upstream that gave no usable answer. */
export class UpstreamError extends GatewayError {
  declare readonly code: UpstreamErrorCode;
  readonly origin: Origin;
  readonly upstreamCode: string | null;
  readonly requestId: string | null;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly httpStatus: number | null;
  readonly isLocal: boolean;
  readonly remedy: Remedy | null;

  constructor(code: UpstreamErrorCode, origin: Origin, message: string, facts: UpstreamFacts = {}) {
    super(code, message, { cause: facts.cause });
    this.origin = origin;
    this.upstreamCode = facts.upstreamCode ?? null;
    this.requestId = facts.requestId ?? null;
    this.retryable = facts.retryable ?? false;
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.httpStatus = facts.httpStatus ?? null;
    this.isLocal = facts.isLocal ?? false;
    this.remedy = facts.remedy ?? null;
  }
}
