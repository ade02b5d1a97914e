import { utcText } from '../times.ts';
import type { BatchComputeJob } from './batch-compute-job.ts';
import { batchComputeMoment, taskEndedAtMs, type Moment } from './batch-compute-moment.ts';

type Json = Readonly<Record<string, unknown>>;

/** `JobView`, one member of DescribeJobs' JobSet (batch-compute.md section 4.2). */
export function batchComputeJobView(job: BatchComputeJob, nowMs: number): Json {
  const moment = batchComputeMoment(job, nowMs);
  return {
    JobId: job.jobId,
    JobName: job.jobName,
    JobState: moment.state,
    Priority: job.priority,
    Placement: job.placement,
    CreateTime: utcText(job.createdAtMs),
    EndTime: textOrNull(moment.endedAtMs),
    TaskMetrics: moment.taskMetrics,
    Tags: job.tags,
  };
}

/** The fields of DescribeJob (batch-compute.md section 5.1): a flat Zone, no Placement. */
export function batchComputeJobDetail(job: BatchComputeJob, nowMs: number): Json {
  const moment = batchComputeMoment(job, nowMs);
  return {
    JobId: job.jobId,
    JobName: job.jobName,
    Zone: job.zone,
    Priority: job.priority,
    JobState: moment.state,
    CreateTime: utcText(job.createdAtMs),
    EndTime: textOrNull(moment.endedAtMs),
    TaskSet: taskViews(job, moment, nowMs),
    DependenceSet: job.dependences,
    TaskMetrics: moment.taskMetrics,
    TaskInstanceMetrics: moment.instanceMetrics,
    StateReason: moment.state.startsWith('FAILED') ? job.stateReason : '',
    Tags: job.tags,
    NextAction: moment.nextAction,
  };
}

function taskViews(job: BatchComputeJob, moment: Moment, nowMs: number): readonly Json[] {
  return moment.tasks.map(({ task, state }) => {
    const bare = { TaskName: task.name, TaskState: state };
    const endedAtMs = taskEndedAtMs(job, task, nowMs);
    return task.showsTimes
      ? { ...bare, CreateTime: utcText(job.createdAtMs), EndTime: textOrNull(endedAtMs) }
      : bare;
  });
}

function textOrNull(ms: number | null): string | null {
  return ms === null ? null : utcText(ms);
}
