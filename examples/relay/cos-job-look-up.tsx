import { graphql, type PreloadedQuery, usePreloadedQuery, useQueryLoader } from 'react-relay';
import { LookUp } from '../page/controls.tsx';
import { faultOf, FaultText } from '../page/fault.tsx';
import type { cosJobLookUpQuery } from './__generated__/cosJobLookUpQuery.graphql';
import { FaultBoundary } from './fault-boundary.tsx';
import { JobItem } from './job-item.tsx';

/** Without `@catch`, Relay shows a field that failed as null and keeps its error to itself. */
const query = graphql`
  query cosJobLookUpQuery($jobId: String!) {
    cosJob(jobId: $jobId) @catch {
      ...jobItem_job
    }
  }
`;

export function CosJobLookUp() {
  const [asked, ask] = useQueryLoader<cosJobLookUpQuery>(query);
  return (
    <LookUp onSubmit={(jobId) => ask({ jobId }, { fetchPolicy: 'network-only' })}>
      {asked && (
        <FaultBoundary key={asked.fetchKey}>
          <Found asked={asked} />
        </FaultBoundary>
      )}
    </LookUp>
  );
}

/** Null alone means that there is no such job; null with an error, that it could not be read. */
function Found({ asked }: { asked: PreloadedQuery<cosJobLookUpQuery> }) {
  const { cosJob } = usePreloadedQuery<cosJobLookUpQuery>(query, asked);
  if (!cosJob.ok) {
    return <FaultText fault={faultOf(cosJob.errors[0])} />;
  }
  return cosJob.value ? <JobItem job={cosJob.value} /> : 'There is no such job.';
}
