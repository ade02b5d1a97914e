import { useQuery } from '@apollo/client/react';
import { useState, useTransition } from 'react';
import type { StatusChoice } from '../page/controls.tsx';
import { FailedOrigins } from '../page/failed-origins.tsx';
import { type Fault, FaultText } from '../page/fault.tsx';
import { faultFrom } from './fault.ts';
import { graphql } from './generated/index.ts';
import { JobItem } from './job-item.tsx';

const Jobs = graphql(`
  query Jobs($after: String, $filter: JobFilter) {
    jobs(first: 10, after: $after, filter: $filter, orderBy: NEWEST_FIRST) {
      edges {
        cursor
        node {
          id
          ...JobItem
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      origins {
        source
        account
        region
        bucket
        outcome
        error {
          code
          retryable
          retryAfterMs
        }
      }
    }
  }
`);

export function JobList({ status }: { status: StatusChoice }) {
  const filter = status === null ? null : { statuses: [status] };
  const { data, error, loading, fetchMore } = useQuery(Jobs, { variables: { filter }, errorPolicy: 'all' });
  const [fault, setFault] = useState<Fault | null>(null);
  const [isLoadingMore, startLoading] = useTransition();
  if (loading) {
    return <p>…</p>;
  }
  if (!data?.jobs) {
    return <FaultText fault={faultFrom(error)} />;
  }
  const { edges, pageInfo, origins } = data.jobs;
  const loadMore = () =>
    startLoading(async () => {
      try {
        await fetchMore({ variables: { after: pageInfo.endCursor ?? null } });
        setFault(null);
      } catch (reason) {
        setFault(faultFrom(reason));
      }
    });
  return (
    <>
      <FailedOrigins origins={origins} tryAgain={loadMore} />
      <ul>
        {edges.map(({ node }) => (
          <li key={node.id}>
            <JobItem id={node.id} job={node} />
          </li>
        ))}
      </ul>
      {fault !== null && <FaultText fault={fault} />}
      {pageInfo.hasNextPage && (
        <button disabled={isLoadingMore} onClick={loadMore}>
          More
        </button>
      )}
    </>
  );
}
