import { fetchQuery, graphql, useFragment, useRelayEnvironment } from 'react-relay';
import { faultOf } from '../page/fault.tsx';
import { JobLine } from '../page/job-line.tsx';
import type { jobItem_job$key } from './__generated__/jobItem_job.graphql';
import type { jobItemRefreshQuery } from './__generated__/jobItemRefreshQuery.graphql';

/** On the interface: the same for jobs of all products, also for one that is yet to come. */
const fragment = graphql`
  fragment jobItem_job on Job {
    id
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
`;

/**
 * What `@refetchable` would write, and `@catch`: `useRefetchableFragment` shows what comes just as well, and keeps to
 * itself that nothing came.
 */
const refreshQuery = graphql`
  query jobItemRefreshQuery($id: ID!) {
    node(id: $id) @catch {
      ...jobItem_job @alias
    }
  }
`;

export function JobItem({ job }: { job: jobItem_job$key }) {
  const environment = useRelayEnvironment();
  const data = useFragment(fragment, job);
  const refresh = async () => {
    // The answer goes into the store under the job’s id, and so into every list that shows it.
    const force = { networkCacheConfig: { force: true } };
    try {
      const answer = await fetchQuery<jobItemRefreshQuery>(
        environment,
        refreshQuery,
        { id: data.id },
        force,
      ).toPromise();
      return answer?.node.ok === false ? faultOf(answer.node.errors[0]) : null;
    } catch {
      return faultOf(undefined);
    }
  };
  return <JobLine job={data} refresh={refresh} />;
}
