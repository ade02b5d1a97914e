import type { Life } from '../life.ts';
import type { XmlElement } from '../xml.ts';

/** A COS batch job as the sandbox keeps it: what was submitted, and the script of its life. */
export interface CosJob {
  readonly jobId: string;
  /** Whole seconds. In the future: not there yet. */
  readonly createdAtMs: number;
  readonly description: string | null;
  /** The operation element, e.g. `['COSDeleteObject', []]`; echoed as submitted. */
  readonly operation: XmlElement;
  readonly priority: number;
  /** Tasks in the manifest. The answers show 0 until it has been read. */
  readonly totalTasks: number;
  /** Share of the tasks done so far that failed, 0 to 1. */
  readonly failShare: number;
  readonly life: Life;
  readonly confirmationRequired: boolean;
  readonly manifest: readonly XmlElement[];
  readonly report: readonly XmlElement[];
  readonly roleArn: string;
  /** Shown once the job is `Failing` or `Failed`. */
  readonly failure: { readonly code: string; readonly reason: string } | null;
  /** Status → the StatusUpdateReason that is recorded when the job enters it. */
  readonly updateReasons: Readonly<Record<string, string>>;
  /** cos-batch.md section 3: declared, hardly ever sent. */
  readonly clientRequestToken: string | null;
}

/** The statuses in which the manifest has not been read yet (cos-batch.md section 2: the total is 0 until then). */
const BEFORE_MANIFEST: ReadonlySet<string> = new Set(['New', 'Preparing']);

export interface CosCounters {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** The counters for a job in this status with this share done; succeeded and failed never exceed the total. */
export function cosCounters(job: CosJob, status: string, done: number): CosCounters {
  if (BEFORE_MANIFEST.has(status)) {
    return { total: 0, succeeded: 0, failed: 0 };
  }
  const finished = Math.floor(job.totalTasks * done);
  const failed = Math.floor(finished * job.failShare);
  return { total: job.totalTasks, succeeded: finished - failed, failed };
}
