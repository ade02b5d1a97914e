// The meaning of each code is tested from whole answers, in `../sources/error-mapping.test.ts`.
import { describe, expect, it } from 'vitest';
import type { UpstreamError } from '../../src/model/errors.ts';
import type { Origin } from '../../src/model/origin.ts';
import { upstreamErrorFor } from '../../src/upstream/error-table.ts';
import { FAULTS } from '../../src/upstream/faults.ts';
import { BATCH_ORIGIN, CI_ORIGIN, COS_ORIGIN } from './support.ts';

function errorFor(origin: Origin, httpStatus: number, upstreamCode: string | null): UpstreamError {
  return upstreamErrorFor(origin, { httpStatus, upstreamCode, requestId: 'R1' });
}

describe('an upstream error', () => {
  it('is decided by its code before its status', () => {
    expect(errorFor(COS_ORIGIN, 500, 'ServiceUnavailable').code).toBe('UPSTREAM_UNAVAILABLE');
    expect(errorFor(COS_ORIGIN, 500, 'SlowDown').code).toBe('UPSTREAM_RATE_LIMITED');
    expect(errorFor(COS_ORIGIN, 503, 'AccessDenied').code).toBe('UPSTREAM_FORBIDDEN');
  });

  it.each(['constructor', '__proto__'])('has no code that every object has: %s', (code) => {
    expect(errorFor(COS_ORIGIN, 400, code).code).toBe('UPSTREAM_REJECTED');
    expect(errorFor(BATCH_ORIGIN, 500, `${code}.Detail`).code).toBe('UPSTREAM_UNAVAILABLE');
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
