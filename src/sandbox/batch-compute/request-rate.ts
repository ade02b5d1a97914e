/** Counts calls per key and wall-clock second of arrival. */
export interface RequestRate {
  /** How many calls this key has made in the second of `arrivedAtMs`, this one included. */
  count(key: string, arrivedAtMs: number): number;
}

/** A call whose body was slow may be judged after later ones; its second is remembered for this long. */
const REMEMBERED_S = 60;

/**
 * The model of batch-compute.md section 3: within each second the first N calls of one (SecretId, action) pass, judged by arrival;
 * refused calls count too, as the number in the refusal's message shows.
 */
export function createRequestRate(): RequestRate {
  const seconds = new Map<number, Map<string, number>>();
  return {
    count(key, arrivedAtMs) {
      const second = Math.floor(arrivedAtMs / 1000);
      const counts = seconds.get(second) ?? new Map<string, number>();
      if (!seconds.has(second)) {
        seconds.set(second, counts);
        forgetBefore(seconds, second - REMEMBERED_S);
      }
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return count;
    },
  };
}

function forgetBefore(seconds: Map<number, unknown>, oldest: number): void {
  for (const second of seconds.keys()) {
    if (second < oldest) {
      seconds.delete(second);
    }
  }
}
