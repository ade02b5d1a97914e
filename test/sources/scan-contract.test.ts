import { BatchComputeClient } from '../../src/sources/batch-compute/client.ts';
import { BATCH_COMPUTE_STATES } from '../../src/sources/batch-compute/model.ts';
import { BatchComputeSource } from '../../src/sources/batch-compute/source.ts';
import { CiClient } from '../../src/sources/ci/client.ts';
import { CI_STATES } from '../../src/sources/ci/model.ts';
import { CiSource } from '../../src/sources/ci/source.ts';
import { CosClient } from '../../src/sources/cos/client.ts';
import { COS_STATUSES } from '../../src/sources/cos/model.ts';
import { CosSource } from '../../src/sources/cos/source.ts';
import type { JobStatus } from '../../src/model/job-status.ts';
import { batchComputeListing, ciListing, cosListing } from './listing-wires.ts';
import { scanContract } from './scan-contract.ts';
import { BATCH_COMPUTE_ORIGIN, CI_ORIGIN, COS_ORIGIN } from './support.ts';
import { batchComputeCache, ciCache, cosCache } from './caches.ts';

const withNewWord = (words: Readonly<Record<string, { status: JobStatus }>>): Record<string, JobStatus> => ({
  ...Object.fromEntries(Object.entries(words).map(([word, { status }]) => [word, status])),
  Novel: 'UNKNOWN',
});
const digits = (number: number): string => String(number).padStart(8, '0');

scanContract({
  name: 'COS',
  open: (send) => new CosSource(new CosClient(COS_ORIGIN, send), cosCache()),
  listing: cosListing,
  words: withNewWord(COS_STATUSES),
  idOf: digits,
  givesUndated: true,
  countsAll: true,
});

scanContract({
  name: 'CI',
  open: (send) => new CiSource(new CiClient(CI_ORIGIN, send), ciCache()),
  listing: ciListing,
  words: withNewWord(CI_STATES),
  idOf: (number) => `b${digits(number)}`,
  givesUndated: false,
  countsAll: false,
});

scanContract({
  name: 'BatchCompute',
  open: (send) =>
    new BatchComputeSource(new BatchComputeClient(BATCH_COMPUTE_ORIGIN, send), batchComputeCache()),
  listing: batchComputeListing,
  words: withNewWord(BATCH_COMPUTE_STATES),
  idOf: (number) => `job-${digits(number)}`,
  givesUndated: true,
  countsAll: true,
});
