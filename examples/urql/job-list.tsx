import { useState, useTransition } from 'react';
import { useClient, useQuery } from 'urql';
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

/** Give it a `key` by its status: the place in one walk is none in another. */
export function JobList({ status }: { status: StatusChoice }) {
  const filter = status === null ? null : { statuses: [status] };
  const client = useClient();
  const [after, setAfter] = useState<string | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [isLoadingMore, startLoading] = useTransition();
  const [{ data, error, fetching }] = useQuery({ query: Jobs, variables: { after, filter } });
  if (!data?.jobs) {
    return fetching ? <p>…</p> : <FaultText fault={faultFrom(error)} />;
  }
  const { edges, pageInfo, origins } = data.jobs;
  // Goes on to a page when it is there: one that does not come would take the whole list from the screen. From the
  // network always, for after an empty page the next one has the same cursor.
  const loadMore = () =>
    startLoading(async () => {
      const next = { after: pageInfo.endCursor ?? null, filter };
      const { error: reason } = await client.query(Jobs, next, { requestPolicy: 'network-only' });
      if (reason === undefined) {
        setAfter(next.after);
      }
      setFault(reason === undefined ? null : faultFrom(reason));
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
