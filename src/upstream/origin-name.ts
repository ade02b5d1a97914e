import type { JobSource, Origin } from '../model/origin.ts';

const SOURCE_NAMES: Readonly<Record<JobSource, string>> = {
  COS: 'COS',
  BATCH_COMPUTE: 'BatchCompute',
  CI: 'CI',
};

/** The source as clients read it in a message: `COS`, `BatchCompute`, `CI`. */
export function sourceName(origin: Origin): string {
  return SOURCE_NAMES[origin.source];
}

/** The place as clients read it in a message, in the configuration's words: `account media in ap-guangzhou`. */
export function placeName(origin: Origin): string {
  const place = `account ${origin.account} in ${origin.region}`;
  return origin.bucket === null ? place : `bucket ${origin.bucket} of ${place}`;
}
