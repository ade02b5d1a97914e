import type { JobFailure, JobSummary } from '../../model/job.ts';
import type { JobStatus } from '../../model/job-status.ts';
import type { JsonTree } from '../../model/json-tree.ts';

/** The 13 statuses, in the vendor's spelling (`upstreams/cos-batch.md` section 8), and what each means in the graph. */
export const COS_STATUSES = {
  New: { status: 'QUEUED', isFinished: false },
  Preparing: { status: 'QUEUED', isFinished: false },
  Ready: { status: 'QUEUED', isFinished: false },
  Suspended: { status: 'SUSPENDED', isFinished: false },
  Active: { status: 'RUNNING', isFinished: false },
  Completing: { status: 'RUNNING', isFinished: false },
  Pausing: { status: 'PAUSED', isFinished: false },
  Paused: { status: 'PAUSED', isFinished: false },
  Cancelling: { status: 'STOPPING', isFinished: false },
  Failing: { status: 'STOPPING', isFinished: false },
  Complete: { status: 'COMPLETED', isFinished: true },
  Failed: { status: 'FAILED', isFinished: true },
  Cancelled: { status: 'CANCELLED', isFinished: true },
} as const satisfies Record<string, { status: JobStatus; isFinished: boolean }>;
export type CosStatus = keyof typeof COS_STATUSES;

/** A batch operation job as a listing shows it. `detail` is there when the call that read the job told it too. */
export interface CosJob extends JobSummary {
  readonly source: 'COS';
  /** The operation element's name, e.g. `COSPutObjectCopy`; an open vocabulary. */
  readonly operationName: string;
  readonly detail?: CosJobDetail;
}

/** What DescribeJob alone tells (seed page DescribeJob). */
export interface CosJobDetail {
  readonly confirmationRequired: boolean;
  readonly clientRequestToken: string | null;
  /** Without the empty placeholders that healthy jobs carry. */
  readonly failures: readonly JobFailure[];
  readonly manifest: CosManifest | null;
  readonly operation: CosOperation;
  readonly report: CosReport | null;
  readonly roleArn: string | null;
  readonly statusUpdateReason: string | null;
  readonly suspendedCause: string | null;
  readonly suspendedAt: string | null;
}

export interface CosManifest {
  readonly location: {
    /** With the double quotes that belong to it. */
    readonly etag: string | null;
    readonly objectArn: string | null;
    readonly objectVersionId: string | null;
  } | null;
  readonly spec: { readonly format: string | null; readonly fields: readonly string[] } | null;
}

export interface CosReport {
  readonly bucket: string | null;
  readonly enabled: boolean | null;
  readonly format: string | null;
  readonly prefix: string | null;
  readonly reportScope: string | null;
}

/** The documented operations with typed parameters; anything else as it came. `name` is the vendor's element name. */
export type CosOperation =
  | CosPutObjectCopyOperation
  | CosInitiateRestoreObjectOperation
  | CosPutObjectTaggingOperation
  | CosDeleteObjectOperation
  | CosOtherOperation;

export interface CosPutObjectCopyOperation {
  readonly kind: 'PutObjectCopy';
  readonly name: string;
  readonly accessControlDirective: string | null;
  readonly accessControlGrants: readonly CosGrant[];
  readonly cannedAccessControlList: string | null;
  readonly prefixReplace: boolean | null;
  readonly resourcesPrefix: string | null;
  readonly targetKeyPrefix: string | null;
  readonly metadataDirective: string | null;
  /** Opaque text: the documents say a timestamp, the SDK sends epoch seconds. */
  readonly modifiedSinceConstraint: string | null;
  readonly unModifiedSinceConstraint: string | null;
  readonly newObjectMetadata: CosObjectMetadata | null;
  readonly taggingDirective: string | null;
  readonly newObjectTagging: readonly CosTag[];
  readonly storageClass: string | null;
  readonly targetResource: string | null;
}

export interface CosInitiateRestoreObjectOperation {
  readonly kind: 'InitiateRestoreObject';
  readonly name: string;
  readonly expirationInDays: number | null;
  readonly jobTier: string | null;
}

export interface CosPutObjectTaggingOperation {
  readonly kind: 'PutObjectTagging';
  readonly name: string;
  readonly taggingDirective: string | null;
  readonly tagSet: readonly CosTag[];
}

export interface CosDeleteObjectOperation {
  readonly kind: 'DeleteObject';
  readonly name: string;
}

/** An operation that the gateway does not know yet: its elements as they came, texts as texts. */
export interface CosOtherOperation {
  readonly kind: 'Other';
  readonly name: string;
  readonly parameters: JsonTree;
}

export interface CosGrant {
  readonly grantee: {
    readonly identifier: string | null;
    readonly typeIdentifier: string | null;
    readonly displayName: string | null;
  } | null;
  readonly permission: string | null;
}

export interface CosObjectMetadata {
  readonly cacheControl: string | null;
  readonly contentDisposition: string | null;
  readonly contentEncoding: string | null;
  readonly contentType: string | null;
  readonly httpExpiresDate: string | null;
  readonly sseAlgorithm: string | null;
  readonly userMetadata: readonly CosTag[];
}

/** A key with its value: user metadata or an object tag. */
export interface CosTag {
  readonly key: string;
  readonly value: string | null;
}

/** What ListJobs can filter by. */
export interface CosFilter {
  readonly status: CosStatus | null;
}
