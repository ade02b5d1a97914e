import { describe, expect, it } from 'vitest';
import { badResponse, requestIdFrom, retryAfterMsFrom, safeRequestId } from '../../src/upstream/answer.ts';
import { BATCH_ORIGIN, CI_ORIGIN, COS_ORIGIN } from './support.ts';

describe('a request id', () => {
  it.each([
    'NjYzODNkZWRfMGEwMDAwMDFfMWEyYl8zYzRk',
    '4c1d2e3f-5a6b-4c7d-8e9f-0a1b2c3d4e5f',
    'a+b/c=_.:',
    'x'.repeat(128),
  ])('is kept: %s', (id) => {
    expect(safeRequestId(id)).toBe(id);
  });

  it.each([['', 'x'.repeat(129), 'a b', 'a\r\nb', 'a\n', 'é', '<id>', null, undefined]].flat())(
    'is dropped: %j',
    (id) => {
      expect(safeRequestId(id)).toBeNull();
    },
  );

  it('comes from the first of the headers named that holds a safe one', () => {
    const headers = { 'x-cos-request-id': 'not safe', 'x-ci-request-id': 'ci', other: 'other' };
    expect(requestIdFrom(headers, 'x-cos-request-id', 'x-ci-request-id')).toBe('ci');
    expect(requestIdFrom(headers, 'other', 'x-ci-request-id')).toBe('other');
    expect(requestIdFrom(headers)).toBe('ci');
    expect(requestIdFrom(headers, 'absent')).toBeNull();
    expect(requestIdFrom({})).toBeNull();
  });
});

describe('Retry-After', () => {
  const nowMs = Date.parse('2026-01-01T00:00:00Z');

  it.each([
    ['2', 2_000],
    [' 2 ', 2_000],
    ['0', 0],
    ['0.25', 250],
    ['-1', 0],
    ['20', 20_000],
    ['21', 20_000],
    ['1e9', 20_000],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['Thu, 01 Jan 2026 01:00:00 GMT', 20_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ])('%j is %i ms', (text, ms) => {
    expect(retryAfterMsFrom({ 'retry-after': text }, nowMs)).toBe(ms);
  });

  it.each([
    '',
    'soon',
    'in 5',
    '5 s',
    '0x10',
    'Infinity',
    'NaN',
    '2026-01-01T00:00:05Z',
    'Thu, 99 Foo 2026 00:00:05 GMT',
  ])('%j is nothing', (text) => {
    expect(retryAfterMsFrom({ 'retry-after': text }, nowMs)).toBeNull();
  });

  it('is nothing when it is absent', () => {
    expect(retryAfterMsFrom({}, nowMs)).toBeNull();
  });
});

describe('an unusable answer', () => {
  it('is a retryable UPSTREAM_BAD_RESPONSE that says what was expected, and of which place', () => {
    const headers = { 'x-cos-request-id': 'R1' };
    const error = badResponse(COS_ORIGIN, 'expected ListJobsResult', { status: 200, headers });
    expect(error).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      origin: COS_ORIGIN,
      retryable: true,
      requestId: 'R1',
      httpStatus: 200,
      upstreamCode: null,
      message: 'COS gave an unusable answer for account media in ap-guangzhou: expected ListJobsResult',
    });
  });

  it('names the bucket of a CI origin', () => {
    expect(badResponse(CI_ORIGIN, 'expected Response', { status: 200, headers: {} }).message).toBe(
      'CI gave an unusable answer for bucket clips-1250000000 of account media in ap-beijing: expected Response',
    );
  });

  it('takes the request id of an answer that holds it in its body', () => {
    const error = badResponse(BATCH_ORIGIN, 'expected JobSet', { status: 200, headers: {} }, 'R2');
    expect(error.requestId).toBe('R2');
  });
});
