import { useActionState } from 'react';
import { type Fault, FaultText } from './fault.tsx';

export interface JobFacts {
  readonly displayName: string;
  readonly status: string;
  readonly source: string;
  /** Null for CI, which has no counters. */
  readonly progress?:
    { readonly percent?: number | null | undefined; readonly failed: number } | null | undefined;
  readonly freshness: { readonly fetchedAt: string; readonly stale: boolean };
}

/** Statuses may be added to the graph: a word that this page does not know is shown as it is. */
const STATUS_WORDS: Readonly<Record<string, string>> = {
  QUEUED: 'queued',
  SUSPENDED: 'waits for confirmation',
  RUNNING: 'running',
  PAUSED: 'paused',
  STOPPING: 'stopping',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
};

/** A job with its button. `refresh` gives what went wrong, or null. */
export function JobLine({ job, refresh }: { job: JobFacts; refresh: () => Promise<Fault | null> }) {
  const [fault, refreshNow, isRefreshing] = useActionState(refresh, null);
  return (
    <form action={refreshNow} className="job">
      <strong>{job.displayName}</strong>
      <span>{job.source}</span>
      <span className={`status ${job.status}`}>{STATUS_WORDS[job.status] ?? job.status}</span>
      <Progress of={job.progress} />
      <time dateTime={job.freshness.fetchedAt}>
        {job.freshness.stale ? 'as of ' : ''}
        {new Date(job.freshness.fetchedAt).toLocaleTimeString()}
      </time>
      <button disabled={isRefreshing}>Refresh</button>
      {fault !== null && <FaultText fault={fault} />}
    </form>
  );
}

/** COMPLETED says that the run ended, not that each task succeeded: failed tasks are told beside it. */
function Progress({ of }: { of: JobFacts['progress'] }) {
  if (of?.percent === null || of?.percent === undefined) {
    return <span />;
  }
  return (
    <span>
      {Math.floor(of.percent)} %{of.failed > 0 && `, ${of.failed} failed`}
    </span>
  );
}
