import { useClient } from 'urql';
import { JobLine } from '../page/job-line.tsx';
import { READ_NOW } from './client.ts';
import { faultFrom } from './fault.ts';
import { type FragmentType, graphql, readFragment } from './generated/index.ts';

/** On the interface: the same for jobs of all products, also for one that is yet to come. */
const JobItemFragment = graphql(`
  fragment JobItem on Job {
    displayName
    status
    source
    progress {
      percent
      failed
    }
    freshness {
      fetchedAt
      stale
    }
  }
`);

const RefreshJob = graphql(`
  query RefreshJob($id: ID!) {
    node(id: $id) {
      id
      ...JobItem
    }
  }
`);

export function JobItem({ id, job }: { id: string; job: FragmentType<typeof JobItemFragment> }) {
  const client = useClient();
  const refresh = async () => {
    // The answer goes into the cache under the job’s id, and so into every list that shows it.
    const { error } = await client.query(RefreshJob, { id }, READ_NOW);
    return error === undefined ? null : faultFrom(error);
  };
  return <JobLine job={readFragment(JobItemFragment, job)} refresh={refresh} />;
}
