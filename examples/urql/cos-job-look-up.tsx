import { useState } from 'react';
import { useQuery } from 'urql';
import { LookUp } from '../page/controls.tsx';
import { FaultText } from '../page/fault.tsx';
import { faultFrom } from './fault.ts';
import { graphql } from './generated/index.ts';
import { JobItem } from './job-item.tsx';

const CosJobByOwnId = graphql(`
  query CosJobByOwnId($jobId: String!) {
    cosJob(jobId: $jobId) {
      id
      ...JobItem
    }
  }
`);

/** Null alone means that there is no such job; null with an error, that it could not be read. */
export function CosJobLookUp() {
  const [jobId, setJobId] = useState<string | null>(null);
  const [{ data, error, fetching }, ask] = useQuery({
    query: CosJobByOwnId,
    variables: { jobId: jobId ?? '' },
    pause: jobId === null,
    requestPolicy: 'network-only',
  });
  const lookUp = (wanted: string) => (wanted === jobId ? ask() : setJobId(wanted));
  return (
    <LookUp onSubmit={lookUp}>
      {fetching ? (
        '…'
      ) : error !== undefined ? (
        <FaultText fault={faultFrom(error)} />
      ) : data?.cosJob ? (
        <JobItem id={data.cosJob.id} job={data.cosJob} />
      ) : (
        data && 'There is no such job.'
      )}
    </LookUp>
  );
}
