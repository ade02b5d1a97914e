import { UpstreamError, type UpstreamErrorCode } from '../model/errors.ts';

const FAULTS: ReadonlySet<UpstreamErrorCode> = new Set<UpstreamErrorCode>([
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_RATE_LIMITED',
  'UPSTREAM_BAD_RESPONSE',
]);

/**
 * Whether an error is an upstream's fault, in place of which something that is known may answer. The others are answers: no,
 * or not for you.
 */
export function isFault(error: unknown): boolean {
  return error instanceof UpstreamError && FAULTS.has(error.code);
}
