export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const BEIJING_OFFSET_MS = 8 * HOUR_MS;

/** `2024-05-06T02:11:09Z`: COS (cos-batch.md 1) and BatchCompute (batch-compute.md 4.2). */
export function utcText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** `2024-05-06T10:11:09+0800`: CI (ci-jobs.md 2). The offset has no colon. */
export function beijingText(ms: number): string {
  return `${new Date(ms + BEIJING_OFFSET_MS).toISOString().slice(0, 19)}+0800`;
}

/** Reads CI's form with any offset; null for anything else, RFC 3339's colon included. */
export function parseOffsetText(text: string): number | null {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})([+-]\d{2})(\d{2})$/.exec(text);
  if (match === null) {
    return null;
  }
  const ms = Date.parse(`${match[1]}${match[2]}:${match[3]}`);
  return Number.isNaN(ms) ? null : ms;
}

/** All three upstreams keep whole seconds only. */
export function wholeSecond(ms: number): number {
  return Math.floor(ms / SECOND_MS) * SECOND_MS;
}
