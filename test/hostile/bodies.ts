/** Answers of the three sources: right ones, and the parts of which wrong ones are made. */
import type { JobSource } from '../../src/model/origin.ts';

/** A text that tells on anybody who passes on what an upstream wrote. */
export const CANARY = 'canary of evil.example at 10.1.2.3';

/** One job as the source's listing shows it, apart from its id; `more` are further elements or members, as written. */
export function jobText(source: JobSource, jobId: string, more = ''): string {
  switch (source) {
    case 'COS':
      return `<member><JobId>${jobId}</JobId><Status>Active</Status><Operation>COSDeleteObject</Operation>${more}</member>`;
    case 'CI':
      return `<JobsDetail><JobId>${jobId}</JobId><State>Running</State>${more}</JobsDetail>`;
    case 'BATCH_COMPUTE':
      return `{"JobId":"${jobId}","JobState":"RUNNING","CreateTime":"2026-03-01T00:00:05Z","TaskMetrics":{}${more}}`;
  }
}

/** The listing of jobs that are written already; `more` as of `jobText`, beside them. */
export function listText(source: JobSource, jobs: readonly string[], more = ''): string {
  switch (source) {
    case 'COS':
      return `<ListJobsResult><Jobs>${jobs.join('')}</Jobs>${more}</ListJobsResult>`;
    case 'CI':
      return `<Response>${jobs.join('')}${more}</Response>`;
    case 'BATCH_COMPUTE':
      return `{"Response":{"JobSet":[${jobs.join(',')}],"TotalCount":${String(jobs.length)},"RequestId":"in-body"${more}}}`;
  }
}

/** A listing of jobs of these ids. */
export function listOf(source: JobSource, jobIds: readonly string[]): string {
  return listText(
    source,
    jobIds.map((jobId) => jobText(source, jobId)),
  );
}

/** The description of a job; `more` as of `jobText`. */
export function descriptionText(source: JobSource, jobId: string, more = ''): string {
  switch (source) {
    case 'COS':
      return `<DescribeJobResult><Job><JobId>${jobId}</JobId><Status>Active</Status><Operation><COSDeleteObject/></Operation>${more}</Job></DescribeJobResult>`;
    case 'CI':
      return listText('CI', [jobText('CI', jobId, more)]);
    case 'BATCH_COMPUTE':
      return `{"Response":{"JobId":"${jobId}","JobState":"RUNNING","TaskSet":[],"DependenceSet":[],"RequestId":"in-body"${more}}}`;
  }
}

/** An error in the source's own form. */
export function errorText(source: JobSource, code: string, message = CANARY): string {
  return source === 'BATCH_COMPUTE'
    ? `{"Response":{"Error":{"Code":"${code}","Message":"${message}"},"RequestId":"in-body"}}`
    : `<?xml version='1.0' encoding='utf-8' ?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>in-body</RequestId></Error>`;
}

/** `unit` as often as it fits into so many characters. */
export function filled(unit: string, length: number): string {
  return unit.repeat(Math.floor(length / unit.length));
}
