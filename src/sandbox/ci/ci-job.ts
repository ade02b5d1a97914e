import type { Life } from '../life.ts';
import type { XmlElement } from '../xml.ts';

/** A CI batch job as the sandbox keeps it. */
export interface CiJob {
  readonly jobId: string;
  /** Whole seconds. In the future: not there yet. */
  readonly createdAtMs: number;
  readonly type: 'Workflow' | 'Job';
  readonly name: string;
  readonly life: Life;
  /** Children of `Input`, echoed as submitted. */
  readonly input: readonly XmlElement[];
  /** Children of `Operation`, echoed as submitted. */
  readonly operation: readonly XmlElement[];
  /** Shown once the job is `Failed`. */
  readonly failure: { readonly code: string; readonly message: string } | null;
  /** A workflow run may show no StartTime while it runs (ci-jobs.md section 11, line 13). */
  readonly hidesStartWhileRunning: boolean;
  /** Further children of JobsDetail that only SDK types know: `Tag`, `QueueId`, `Progress`. */
  readonly extras: readonly XmlElement[];
}

/** The ids of a workflow run; several travel comma-joined in one element. Empty for a `Job`. */
export function workflowIdsOf(job: CiJob): readonly string[] {
  const [, content] = job.operation.find(([name]) => name === 'WorkflowIds') ?? ['', ''];
  return typeof content === 'string' && content !== '' ? content.split(',') : [];
}
