import { describe, expect, it } from 'vitest';
import type { UpstreamError } from '../../src/model/errors.ts';
import type { Origin } from '../../src/model/origin.ts';
import { ERROR_TABLE, upstreamErrorFor } from '../../src/upstream/error-table.ts';
import { FAULTS } from '../../src/upstream/faults.ts';
import { BATCH_ORIGIN, CI_ORIGIN, COS_ORIGIN } from './support.ts';

const ORIGINS = { COS: COS_ORIGIN, CI: CI_ORIGIN, BATCH_COMPUTE: BATCH_ORIGIN };

function errorFor(origin: Origin, httpStatus: number, upstreamCode: string | null): UpstreamError {
  return upstreamErrorFor(origin, { httpStatus, upstreamCode, requestId: 'R1' });
}

type Row = readonly [httpStatus: number, upstreamCode: string, ours: string, retryable: boolean];

// Written out a second time on purpose: this is reliability 5.4 with the errors' own pages, and the table must agree.
const GENERAL: readonly Row[] = [
  [403, 'SignatureDoesNotMatch', 'UPSTREAM_AUTH_FAILED', false],
  [403, 'InvalidAccessKeyId', 'UPSTREAM_AUTH_FAILED', false],
  [403, 'RequestTimeTooSkewed', 'UPSTREAM_AUTH_FAILED', false],
  [400, 'ExpiredToken', 'UPSTREAM_AUTH_FAILED', false],
  [403, 'AccessDenied', 'UPSTREAM_FORBIDDEN', false],
  [503, 'SlowDown', 'UPSTREAM_RATE_LIMITED', true],
  [500, 'InternalError', 'UPSTREAM_UNAVAILABLE', true],
  [503, 'ServiceUnavailable', 'UPSTREAM_UNAVAILABLE', true],
  [400, 'RequestTimeout', 'UPSTREAM_TIMEOUT', true],
  [400, 'InvalidArgument', 'UPSTREAM_REJECTED', false],
  [400, 'InvalidRequest', 'UPSTREAM_REJECTED', false],
  [400, 'MalformedXML', 'UPSTREAM_REJECTED', false],
  [400, 'BadDigest', 'UPSTREAM_REJECTED', false],
  [400, 'InvalidDigest', 'UPSTREAM_REJECTED', false],
  [405, 'MethodNotAllowed', 'UPSTREAM_REJECTED', false],
  [411, 'MissingContentLength', 'UPSTREAM_REJECTED', false],
  [501, 'NotImplemented', 'UPSTREAM_REJECTED', false],
  [404, 'NoSuchBucket', 'UPSTREAM_REJECTED', false],
  [301, 'PermanentRedirect', 'UPSTREAM_REJECTED', false],
  [307, 'TemporaryRedirect', 'UPSTREAM_REJECTED', false],
  [402, 'PaymentRequired', 'UPSTREAM_REJECTED', false],
  [451, 'UnavailableForLegalReasons', 'UPSTREAM_REJECTED', false],
];

const ROWS: Readonly<Record<keyof typeof ORIGINS, readonly Row[]>> = {
  COS: [
    ...GENERAL,
    [404, 'NoSuchJob', 'UPSTREAM_REJECTED', false],
    [500, 'TooManyJobs', 'UPSTREAM_REJECTED', false],
  ],
  CI: [
    ...GENERAL,
    [400, 'InvalidContent', 'UPSTREAM_REJECTED', false],
    [400, 'MissingContent', 'UPSTREAM_REJECTED', false],
    [400, 'InvalidHost', 'UPSTREAM_REJECTED', false],
    [404, 'InvalidUrl', 'UPSTREAM_REJECTED', false],
    [400, 'ResourceNotFound', 'UPSTREAM_REJECTED', false],
    [400, 'ResourceDownloadFailed', 'UPSTREAM_REJECTED', false],
    [400, 'ResourceNotSupported', 'UPSTREAM_REJECTED', false],
    [400, 'ResourceAccessDenied', 'UPSTREAM_FORBIDDEN', false],
    [400, 'CIRoleNotExist', 'UPSTREAM_FORBIDDEN', false],
    [401, 'MissingAuthorization', 'UPSTREAM_AUTH_FAILED', false],
    [401, 'InvalidAuthorization', 'UPSTREAM_AUTH_FAILED', false],
    [401, 'SecretidNotExist', 'UPSTREAM_AUTH_FAILED', false],
    [401, 'SignatureExpired', 'UPSTREAM_AUTH_FAILED', false],
    [401, 'AccessDenied', 'UPSTREAM_AUTH_FAILED', false],
    [429, 'SlowDown', 'UPSTREAM_RATE_LIMITED', true],
    [403, 'MediaBucketAlreadyBinded', 'UPSTREAM_REJECTED', false],
    [403, 'QueueSaturated', 'UPSTREAM_REJECTED', false],
    [403, 'QueuePaused', 'UPSTREAM_REJECTED', false],
  ],
  BATCH_COMPUTE: [
    [200, 'AuthFailure', 'UPSTREAM_AUTH_FAILED', false],
    [200, 'AuthFailure.InvalidAuthorization', 'UPSTREAM_AUTH_FAILED', false],
    [200, 'AuthFailure.InvalidSecretId', 'UPSTREAM_AUTH_FAILED', false],
    [200, 'AuthFailure.MFAFailure', 'UPSTREAM_AUTH_FAILED', false],
    [200, 'AuthFailure.SecretIdNotFound', 'UPSTREAM_AUTH_FAILED', false],
    [200, 'AuthFailure.SignatureFailure', 'UPSTREAM_AUTH_FAILED', false],
    [200, 'AuthFailure.SignatureExpire', 'UPSTREAM_AUTH_FAILED', false],
    [200, 'AuthFailure.TokenFailure', 'UPSTREAM_AUTH_FAILED', false],
    [200, 'AuthFailure.SomethingNew', 'UPSTREAM_AUTH_FAILED', false],
    [200, 'IpInBlacklist', 'UPSTREAM_AUTH_FAILED', false],
    [200, 'IpNotInWhitelist', 'UPSTREAM_AUTH_FAILED', false],
    [200, 'AuthFailure.UnauthorizedOperation', 'UPSTREAM_FORBIDDEN', false],
    [200, 'UnauthorizedOperation', 'UPSTREAM_FORBIDDEN', false],
    [200, 'UnauthorizedOperation.UserNotAllowedToUseBatch', 'UPSTREAM_FORBIDDEN', false],
    [200, 'RequestLimitExceeded', 'UPSTREAM_RATE_LIMITED', true],
    [200, 'RequestLimitExceeded.IPLimitExceeded', 'UPSTREAM_RATE_LIMITED', true],
    [200, 'RequestLimitExceeded.UinLimitExceeded', 'UPSTREAM_RATE_LIMITED', true],
    [200, 'RequestLimitExceeded.GlobalRegionUinLimitExceeded', 'UPSTREAM_RATE_LIMITED', true],
    [200, 'InternalError', 'UPSTREAM_UNAVAILABLE', true],
    [200, 'InternalError.CallCvm', 'UPSTREAM_UNAVAILABLE', true],
    [200, 'ServiceUnavailable', 'UPSTREAM_UNAVAILABLE', true],
    [200, 'ResourceUnavailable', 'UPSTREAM_UNAVAILABLE', true],
    [200, 'FailedOperation', 'UPSTREAM_UNAVAILABLE', false],
    [200, 'ResourceNotFound', 'UPSTREAM_REJECTED', false],
    [200, 'ResourceNotFound.Job', 'UPSTREAM_REJECTED', false],
    [200, 'ResourceInUse', 'UPSTREAM_REJECTED', false],
    [200, 'ResourceInsufficient', 'UPSTREAM_REJECTED', false],
    [200, 'InvalidParameter', 'UPSTREAM_REJECTED', false],
    [200, 'InvalidParameter.JobIdMalformed', 'UPSTREAM_REJECTED', false],
    [200, 'InvalidParameterValue', 'UPSTREAM_REJECTED', false],
    [200, 'InvalidParameterValue.LimitExceeded', 'UPSTREAM_REJECTED', false],
    [200, 'InvalidFilter', 'UPSTREAM_REJECTED', false],
    [200, 'InvalidZone', 'UPSTREAM_REJECTED', false],
    [200, 'InvalidZone.MismatchRegion', 'UPSTREAM_REJECTED', false],
    [200, 'InvalidRequest', 'UPSTREAM_REJECTED', false],
    [200, 'InvalidAction', 'UPSTREAM_REJECTED', false],
    [200, 'MissingParameter', 'UPSTREAM_REJECTED', false],
    [200, 'UnknownParameter', 'UPSTREAM_REJECTED', false],
    [200, 'UnsupportedOperation', 'UPSTREAM_REJECTED', false],
    [200, 'UnsupportedProtocol', 'UPSTREAM_REJECTED', false],
    [200, 'UnsupportedRegion', 'UPSTREAM_REJECTED', false],
    [200, 'NoSuchVersion', 'UPSTREAM_REJECTED', false],
    [200, 'NoSuchProduct', 'UPSTREAM_REJECTED', false],
    [200, 'ActionOffline', 'UPSTREAM_REJECTED', false],
    [200, 'DryRunOperation', 'UPSTREAM_REJECTED', false],
    [200, 'RequestSizeLimitExceeded', 'UPSTREAM_REJECTED', false],
    [200, 'ResponseSizeLimitExceeded', 'UPSTREAM_REJECTED', false],
    [200, 'LimitExceeded', 'UPSTREAM_REJECTED', false],
    [200, 'LimitExceeded.JobNumber', 'UPSTREAM_REJECTED', false],
  ],
};

describe.each(Object.keys(ORIGINS) as (keyof typeof ORIGINS)[])('an error of %s', (source) => {
  const origin = ORIGINS[source];

  it.each(ROWS[source])('%i %s is %s, retryable: %s', (httpStatus, upstreamCode, ours, retryable) => {
    const error = errorFor(origin, httpStatus, upstreamCode);
    expect(error).toMatchObject({ code: ours, retryable, upstreamCode, httpStatus, requestId: 'R1', origin });
  });

  it('has a row here for each code of the table', () => {
    const tested = new Set(ROWS[source].map(([, upstreamCode]) => upstreamCode));
    expect(Object.keys(ERROR_TABLE[source]).filter((code) => !tested.has(code))).toEqual([]);
  });

  it.each<readonly [number, string | null, string, boolean]>([
    [200, 'SomethingNew', 'UPSTREAM_REJECTED', false],
    [400, 'SomethingNew', 'UPSTREAM_REJECTED', false],
    [403, 'SomethingNew', 'UPSTREAM_REJECTED', false],
    [404, null, 'UPSTREAM_REJECTED', false],
    [401, 'SomethingNew', 'UPSTREAM_AUTH_FAILED', false],
    [401, null, 'UPSTREAM_AUTH_FAILED', false],
    [403, null, 'UPSTREAM_AUTH_FAILED', false],
    [429, 'SomethingNew', 'UPSTREAM_RATE_LIMITED', true],
    [429, null, 'UPSTREAM_RATE_LIMITED', true],
    [500, 'SomethingNew', 'UPSTREAM_UNAVAILABLE', true],
    [500, null, 'UPSTREAM_UNAVAILABLE', true],
    [502, null, 'UPSTREAM_UNAVAILABLE', true],
    [503, null, 'UPSTREAM_UNAVAILABLE', true],
    [504, null, 'UPSTREAM_UNAVAILABLE', true],
    [400, 'constructor', 'UPSTREAM_REJECTED', false],
    [400, '__proto__', 'UPSTREAM_REJECTED', false],
  ])('of status %i and unknown code %s is %s, retryable: %s', (httpStatus, code, ours, retryable) => {
    expect(errorFor(origin, httpStatus, code)).toMatchObject({ code: ours, retryable });
  });
});

describe('an upstream error', () => {
  it('is decided by its code before its status', () => {
    expect(errorFor(COS_ORIGIN, 500, 'ServiceUnavailable').code).toBe('UPSTREAM_UNAVAILABLE');
    expect(errorFor(COS_ORIGIN, 500, 'SlowDown').code).toBe('UPSTREAM_RATE_LIMITED');
    expect(errorFor(COS_ORIGIN, 503, 'AccessDenied').code).toBe('UPSTREAM_FORBIDDEN');
  });

  it('has the codes of its own source only', () => {
    expect(errorFor(COS_ORIGIN, 400, 'RequestLimitExceeded').code).toBe('UPSTREAM_REJECTED');
    expect(errorFor(COS_ORIGIN, 401, 'AccessDenied').code).toBe('UPSTREAM_FORBIDDEN');
    expect(errorFor(BATCH_ORIGIN, 200, 'SlowDown').code).toBe('UPSTREAM_REJECTED');
  });

  it.each(['<b>', 'a b', 'x'.repeat(65), '', 'Code1'])('does not carry a code such as %j', (code) => {
    const error = errorFor(COS_ORIGIN, 400, code);
    expect(error.upstreamCode).toBeNull();
    expect(error.message).not.toContain('(');
  });

  it('carries retryAfterMs when it may be retried, and only then', () => {
    const refusal = { httpStatus: 503, requestId: null, retryAfterMs: 2_000 };
    expect(upstreamErrorFor(COS_ORIGIN, { ...refusal, upstreamCode: 'SlowDown' }).retryAfterMs).toBe(2_000);
    expect(
      upstreamErrorFor(COS_ORIGIN, { ...refusal, upstreamCode: 'AccessDenied' }).retryAfterMs,
    ).toBeNull();
    expect(errorFor(COS_ORIGIN, 503, 'SlowDown').retryAfterMs).toBeNull();
  });

  it('says what happened, where, and what to do', () => {
    expect(errorFor(COS_ORIGIN, 403, 'SignatureDoesNotMatch').message).toBe(
      "COS refused the gateway's credentials for account media in ap-guangzhou: check secretId, secretKey and the machine's clock (SignatureDoesNotMatch)",
    );
    expect(errorFor(BATCH_ORIGIN, 200, 'RequestLimitExceeded').message).toBe(
      'BatchCompute received too many calls for account media in ap-guangzhou: ask again later (RequestLimitExceeded)',
    );
    expect(errorFor(CI_ORIGIN, 500, null).message).toBe(
      'CI is not available for bucket clips-1250000000 of account media in ap-beijing: ask again later',
    );
  });

  it.each(Object.entries(FAULTS))(
    'of the kind %s fits into a GraphQL error: one line, at most 300 characters',
    (_, fault) => {
      const sentence = fault.says('BatchCompute', 'account media in ap-guangzhou');
      expect(sentence).toMatch(/^BatchCompute [^\r\n]{20,280}$/);
      expect(sentence).toContain('account media in ap-guangzhou');
    },
  );
});
