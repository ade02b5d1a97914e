import { useLazyQuery } from '@apollo/client/react';
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
  const [lookUp, { data, error, loading }] = useLazyQuery(CosJobByOwnId, {
    fetchPolicy: 'network-only',
    // `none`, the default, would throw away what other fields of the answer say.
    errorPolicy: 'all',
  });
  return (
    <LookUp onSubmit={(jobId) => void lookUp({ variables: { jobId } })}>
      {loading ? (
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
