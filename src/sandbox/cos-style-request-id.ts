import { randomBytes } from 'node:crypto';

/**
 * The form of `x-cos-request-id` and `x-ci-request-id`: base64 of `<unix seconds>_<8 hex>_<hex>_<hex>`, all in hex, the
 * seconds being those of the Date header (cos-batch.md section 1, ci-jobs.md section 1).
 */
export function cosStyleRequestId(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, '0');
  const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
  return Buffer.from(`${seconds}_${hex(4)}_${hex(2)}_${hex(2)}`, 'latin1').toString('base64');
}

/** The form of the trace id that comes with failures; opaque. */
export function cosStyleTraceId(): string {
  return randomBytes(24).toString('base64');
}
