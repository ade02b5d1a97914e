import type { Life } from '../life.ts';

/** A task of a BatchCompute job: its own script, from which the job's state and counters follow. */
export interface BatchComputeTask {
  readonly name: string;
  readonly instances: number;
  /** Phases are counted from the creation of the job. `done` is the share of instances that have succeeded. */
  readonly life: Life;
  /** An early capture has tasks without times (batch-compute.md section 5.1). */
  readonly showsTimes: boolean;
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** `Zone` alone in authentic answers; the rest is rare (batch-compute.md section 4.2). */
export interface Placement {
  readonly Zone: string;
  readonly ProjectId?: number;
  readonly HostId?: string;
  readonly HostIds?: readonly string[];
  readonly DedicatedResourcePackTenancy?: string;
  readonly DedicatedResourcePackIds?: readonly string[];
  readonly RackId?: string;
}

/** A BatchCompute job as the sandbox keeps it. */
export interface BatchComputeJob {
  readonly jobId: string;
  /** Whole seconds. In the future: not there yet. */
  readonly createdAtMs: number;
  readonly jobName: string;
  readonly priority: number;
  /** The flat `Zone` of DescribeJob. */
  readonly zone: string;
  readonly placement: Placement | null;
  readonly tags: readonly Tag[] | null;
  readonly tasks: readonly BatchComputeTask[];
  readonly dependences: readonly { readonly StartTask: string; readonly EndTask: string }[];
  /** Shown once the job has failed. */
  readonly stateReason: string;
  /** From this time after creation NextAction is `TERMINATING`, until the job has ended; null: nobody terminates it. */
  readonly terminatingFromMs: number | null;
  /** A state that does not follow from the tasks, such as a word that no document knows; null: it follows. */
  readonly stateOverride: string | null;
  /** An end that does not follow from the tasks; null: it follows. */
  readonly endedAtMsOverride: number | null;
}
