import { z } from 'zod';
import {
  int32OrNull,
  jsonTree,
  type Kept,
  type StoredAs,
  summaryShape,
  text,
  textOrNull,
  timeOrNull,
} from '../stored-job.ts';
import { isCosJobId } from './job-id.ts';
import type { CosJob, CosJobDetail } from './model.ts';

const job = z.object({
  ...summaryShape,
  source: z.literal('COS'),
  jobId: text.refine(isCosJobId),
  operationName: text,
});

const tag = z.object({ key: text, value: textOrNull });

const grant = z.object({
  grantee: z
    .object({ identifier: textOrNull, typeIdentifier: textOrNull, displayName: textOrNull })
    .nullable(),
  permission: textOrNull,
});

const objectMetadata = z.object({
  cacheControl: textOrNull,
  contentDisposition: textOrNull,
  contentEncoding: textOrNull,
  contentType: textOrNull,
  httpExpiresDate: textOrNull,
  sseAlgorithm: textOrNull,
  userMetadata: z.array(tag),
});

const operation = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('PutObjectCopy'),
    name: text,
    accessControlDirective: textOrNull,
    accessControlGrants: z.array(grant),
    cannedAccessControlList: textOrNull,
    prefixReplace: z.boolean().nullable(),
    resourcesPrefix: textOrNull,
    targetKeyPrefix: textOrNull,
    metadataDirective: textOrNull,
    modifiedSinceConstraint: textOrNull,
    unModifiedSinceConstraint: textOrNull,
    newObjectMetadata: objectMetadata.nullable(),
    taggingDirective: textOrNull,
    newObjectTagging: z.array(tag),
    storageClass: textOrNull,
    targetResource: textOrNull,
  }),
  z.object({
    kind: z.literal('InitiateRestoreObject'),
    name: text,
    expirationInDays: int32OrNull,
    jobTier: textOrNull,
  }),
  z.object({
    kind: z.literal('PutObjectTagging'),
    name: text,
    taggingDirective: textOrNull,
    tagSet: z.array(tag),
  }),
  z.object({ kind: z.literal('DeleteObject'), name: text }),
  z.object({ kind: z.literal('Other'), name: text, parameters: jsonTree }),
]);

const manifest = z.object({
  location: z.object({ etag: textOrNull, objectArn: textOrNull, objectVersionId: textOrNull }).nullable(),
  spec: z.object({ format: textOrNull, fields: z.array(text) }).nullable(),
});

const report = z.object({
  bucket: textOrNull,
  enabled: z.boolean().nullable(),
  format: textOrNull,
  prefix: textOrNull,
  reportScope: textOrNull,
});

const detail = z.object({
  confirmationRequired: z.boolean(),
  clientRequestToken: textOrNull,
  failures: z.array(z.object({ code: textOrNull, reason: textOrNull })),
  manifest: manifest.nullable(),
  operation,
  report: report.nullable(),
  roleArn: textOrNull,
  statusUpdateReason: textOrNull,
  suspendedCause: textOrNull,
  suspendedAt: timeOrNull,
});

/** A job read back from the shared cache; without its `detail`. */
export const storedCosJob: z.ZodType<CosJob> = job satisfies StoredAs<Kept<CosJob>, typeof job>;

/** The detail of a job read back from the shared cache. */
export const storedCosDetail: z.ZodType<CosJobDetail> = detail satisfies StoredAs<
  CosJobDetail,
  typeof detail
>;
