/**
 * The one place that says what an upstream's error code means to our clients (reliability 5.4). The code decides first
 * and the HTTP status second, for the same code comes with several statuses. Not decided here but by a source's client,
 * which knows what it asked for: "no such job", which is an answer, and a refused page token, which is the caller's cursor.
 */
import { UpstreamError } from '../model/errors.ts';
import type { JobSource, Origin } from '../model/origin.ts';
import { unmappedCodes } from '../telemetry/channels.ts';
import { faultMessage, FAULTS } from './faults.ts';
import type { Fault, FaultName } from './faults.ts';

/** What an upstream said when it refused. */
export interface UpstreamRefusal {
  readonly httpStatus: number;
  /** As it came, whatever its form; null when the answer names none. */
  readonly upstreamCode: string | null;
  readonly requestId: string | null;
  readonly retryAfterMs?: number | null;
  /** Whether its words say that the time of the signature is over, which COS does under the code AccessDenied. */
  readonly isExpired?: boolean;
}

type CodeTable = Readonly<Record<string, FaultName>>;

/** COS general errors (436/7730), which CI hosts give too. */
const COS_GENERAL = {
  AccessDenied: 'forbidden',
  SignatureDoesNotMatch: 'credentials',
  InvalidAccessKeyId: 'credentials',
  RequestTimeTooSkewed: 'clock',
  ExpiredToken: 'sessionToken',
  SlowDown: 'throttled',
  InternalError: 'broken',
  ServiceUnavailable: 'broken',
  RequestTimeout: 'slow',
  InvalidArgument: 'rejected',
  InvalidRequest: 'rejected',
  MalformedXML: 'rejected',
  BadDigest: 'rejected',
  InvalidDigest: 'rejected',
  MethodNotAllowed: 'rejected',
  MissingContentLength: 'rejected',
  NotImplemented: 'rejected',
  NoSuchBucket: 'misplaced',
  PermanentRedirect: 'misplaced',
  TemporaryRedirect: 'misplaced',
  PaymentRequired: 'suspended',
  UnavailableForLegalReasons: 'suspended',
} as const satisfies CodeTable;

/** Codes by source: 436/33787 for COS Batch, 436/46214 and 1545/65185 for CI, 1388/114322 for API 3.0. */
export const ERROR_TABLE = {
  COS: {
    ...COS_GENERAL,
    NoSuchJob: 'rejected',
    TooManyJobs: 'rejected',
  },
  CI: {
    ...COS_GENERAL,
    InvalidContent: 'rejected',
    MissingContent: 'rejected',
    InvalidHost: 'misplaced',
    InvalidUrl: 'rejected',
    ResourceNotFound: 'rejected',
    ResourceDownloadFailed: 'rejected',
    ResourceNotSupported: 'rejected',
    ResourceAccessDenied: 'forbidden',
    CIRoleNotExist: 'forbidden',
    MissingAuthorization: 'credentials',
    InvalidAuthorization: 'credentials',
    SecretidNotExist: 'credentials',
    SignatureExpired: 'clock',
    MediaBucketAlreadyBinded: 'rejected',
    QueueSaturated: 'rejected',
    QueuePaused: 'rejected',
  },
  // A detail that is not listed counts as its category, the part before the first dot.
  BATCH_COMPUTE: {
    AuthFailure: 'credentials',
    'AuthFailure.InvalidAuthorization': 'credentials',
    'AuthFailure.InvalidSecretId': 'credentials',
    'AuthFailure.MFAFailure': 'credentials',
    'AuthFailure.SecretIdNotFound': 'credentials',
    'AuthFailure.SignatureFailure': 'credentials',
    'AuthFailure.SignatureExpire': 'clock',
    'AuthFailure.TokenFailure': 'sessionToken',
    'AuthFailure.UnauthorizedOperation': 'forbidden',
    IpInBlacklist: 'credentials',
    IpNotInWhitelist: 'credentials',
    UnauthorizedOperation: 'forbidden',
    RequestLimitExceeded: 'throttled',
    'RequestLimitExceeded.IPLimitExceeded': 'throttled',
    'RequestLimitExceeded.UinLimitExceeded': 'throttled',
    'RequestLimitExceeded.GlobalRegionUinLimitExceeded': 'throttled',
    InternalError: 'broken',
    ServiceUnavailable: 'broken',
    ResourceUnavailable: 'broken',
    FailedOperation: 'failed',
    ResourceNotFound: 'rejected',
    ResourceInUse: 'rejected',
    ResourceInsufficient: 'rejected',
    InvalidParameter: 'rejected',
    InvalidParameterValue: 'rejected',
    InvalidFilter: 'rejected',
    InvalidZone: 'rejected',
    InvalidRequest: 'rejected',
    InvalidAction: 'rejected',
    MissingParameter: 'rejected',
    UnknownParameter: 'rejected',
    UnsupportedOperation: 'rejected',
    UnsupportedProtocol: 'rejected',
    UnsupportedRegion: 'misplaced',
    NoSuchVersion: 'rejected',
    NoSuchProduct: 'rejected',
    ActionOffline: 'rejected',
    DryRunOperation: 'rejected',
    RequestSizeLimitExceeded: 'rejected',
    ResponseSizeLimitExceeded: 'rejected',
    LimitExceeded: 'rejected',
  },
} as const satisfies Readonly<Record<JobSource, CodeTable>>;

/** Reliability 5.6. A code of another form is not shown: it may be anything. */
const SAFE_CODE = /^[A-Za-z.]{1,64}$/;

/**
 * The error that a refusal means to our clients. Its message never holds the upstream's own text. A code that nobody knows
 * is told on `unmappedCodes`, while somebody listens, and then counts by its HTTP status.
 */
export function upstreamErrorFor(origin: Origin, refusal: UpstreamRefusal): UpstreamError {
  const { httpStatus, requestId, retryAfterMs = null } = refusal;
  const upstreamCode = safeCode(refusal.upstreamCode);
  const known = faultByCode(origin.source, refusal);
  if (known === null && refusal.upstreamCode !== null && unmappedCodes.hasSubscribers) {
    unmappedCodes.publish({ origin, upstreamCode, httpStatus });
  }
  const name = known ?? faultByStatus(refusal);
  const { code, retryable, remedy }: Fault = FAULTS[name];
  return new UpstreamError(code, origin, faultMessage(name, origin, upstreamCode), {
    upstreamCode,
    requestId,
    retryable,
    retryAfterMs: retryable ? retryAfterMs : null,
    httpStatus,
    remedy: remedy ?? null,
  });
}

function safeCode(upstreamCode: string | null): string | null {
  return upstreamCode !== null && SAFE_CODE.test(upstreamCode) ? upstreamCode : null;
}

function faultByCode(source: JobSource, refusal: UpstreamRefusal): FaultName | null {
  const { upstreamCode, httpStatus, isExpired = false } = refusal;
  if (upstreamCode === null) {
    return null;
  }
  if (upstreamCode === 'AccessDenied') {
    // CI gives one code for two things: 401 when it does not accept who asks, 403 when that one may not.
    if (source === 'CI' && httpStatus === 401) {
      return 'credentialsOrToken';
    }
    // COS does so too; nobody should go and look for a missing grant (`cos-signature.md` section 5).
    if (source === 'COS' && isExpired) {
      return 'clock';
    }
  }
  const table = ERROR_TABLE[source];
  return lookUp(table, upstreamCode) ?? lookUp(table, categoryOf(upstreamCode));
}

function categoryOf(upstreamCode: string): string {
  return upstreamCode.split('.', 1)[0] ?? upstreamCode;
}

function lookUp(table: CodeTable, upstreamCode: string): FaultName | null {
  return Object.hasOwn(table, upstreamCode) ? (table[upstreamCode] ?? null) : null;
}

/** For a code that is absent or not in the table. */
function faultByStatus({ upstreamCode, httpStatus }: UpstreamRefusal): FaultName {
  if (httpStatus === 429) {
    return 'throttled';
  }
  if (httpStatus === 401 || (httpStatus === 403 && upstreamCode === null)) {
    return 'credentials';
  }
  return httpStatus >= 500 ? 'broken' : 'rejected';
}
