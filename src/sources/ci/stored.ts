import { z } from 'zod';
import {
  int32OrNull,
  jsonTree,
  type Kept,
  place,
  type StoredAs,
  summaryShape,
  text,
  textOrNull,
  timeOrNull,
} from '../stored-job.ts';
import { isCiJobId } from './job-id.ts';
import { CI_TYPES, type CiJob } from './model.ts';

const input = z.object({
  manifest: textOrNull,
  urlFile: textOrNull,
  prefix: textOrNull,
  object: textOrNull,
});

const output = z.object({
  region: textOrNull,
  bucket: textOrNull,
  object: textOrNull,
  auObject: textOrNull,
  spriteObject: textOrNull,
});

const operation = z.object({
  timeInterval: z.object({ start: timeOrNull, end: timeOrNull }).nullable(),
  workflowIds: z.array(text),
  tag: textOrNull,
  queueId: textOrNull,
  queueType: textOrNull,
  userData: textOrNull,
  jobLevel: int32OrNull,
  callBack: textOrNull,
  callBackFormat: textOrNull,
  callBackType: textOrNull,
  output: output.nullable(),
  jobParam: jsonTree.nullable(),
});

const job = z.object({
  ...summaryShape,
  source: z.literal('CI'),
  jobId: text.refine(isCiJobId),
  bucket: place,
  type: z.enum(CI_TYPES),
  code: textOrNull,
  message: textOrNull,
  input: input.nullable(),
  operation: operation.nullable(),
});

/** A job read back from the shared cache. */
export const storedCiJob: z.ZodType<CiJob> = job satisfies StoredAs<Kept<CiJob>, typeof job>;

/** A CI job has no detail of its own. */
export const noCiDetail = z.never();
