/** The three upstream products. */
export const JOB_SOURCES = ['COS', 'BATCH_COMPUTE', 'CI'] as const;
export type JobSource = (typeof JOB_SOURCES)[number];

/** One configured place where jobs live: an account's region for COS and BatchCompute, a bucket for CI. */
export interface Origin {
  readonly source: JobSource;
  /** The account's name in the configuration, which is what the graph shows. */
  readonly account: string;
  readonly region: string;
  /** `<name>-<appid>`; null except for CI. */
  readonly bucket: string | null;
}

/** A text that tells two origins apart; for maps and batch grouping, not for clients. */
export function originKey(origin: Origin): string {
  return [origin.source, origin.account, origin.region, origin.bucket ?? ''].join('/');
}
