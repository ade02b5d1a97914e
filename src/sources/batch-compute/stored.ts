import { z } from 'zod';
import {
  count,
  type Kept,
  type StoredAs,
  summaryShape,
  text,
  textOrNull,
  timeOrNull,
} from '../stored-job.ts';
import { isBatchComputeJobId } from './job-id.ts';
import type { BatchComputeJob, BatchComputeJobDetail } from './model.ts';

const placement = z.object({
  zone: textOrNull,
  projectId: z.int().nullable(),
  hostId: textOrNull,
  hostIds: z.array(text).nullable(),
});

const taskMetrics = z.object({
  submitted: count,
  pending: count,
  runnable: count,
  starting: count,
  running: count,
  succeeded: count,
  failed: count,
  failedInterrupted: count,
});

const job = z.object({
  ...summaryShape,
  source: z.literal('BATCH_COMPUTE'),
  jobId: text.refine(isBatchComputeJobId),
  placement: placement.nullable(),
  taskMetrics,
  tags: z.array(z.object({ key: textOrNull, value: textOrNull })),
});

const detail = z.object({
  stateReason: textOrNull,
  nextAction: textOrNull,
  tasks: z.array(z.object({ name: text, state: text, createdAt: timeOrNull, endedAt: timeOrNull })),
  dependencies: z.array(z.object({ startTask: text, endTask: text })),
  taskInstanceMetrics: taskMetrics.nullable(),
});

/** A job read back from the shared cache; without its `detail`. */
export const storedBatchComputeJob: z.ZodType<BatchComputeJob> = job satisfies StoredAs<
  Kept<BatchComputeJob>,
  typeof job
>;

/** The detail of a job read back from the shared cache. */
export const storedBatchComputeDetail: z.ZodType<BatchComputeJobDetail> = detail satisfies StoredAs<
  BatchComputeJobDetail,
  typeof detail
>;
