import { useState } from 'react';
import { graphql, useLazyLoadQuery, usePaginationFragment } from 'react-relay';
import type { StatusChoice } from '../page/controls.tsx';
import { FailedOrigins } from '../page/failed-origins.tsx';
import { type Fault, faultOf, FaultText } from '../page/fault.tsx';
import type { jobList_query$key } from './__generated__/jobList_query.graphql';
import type { jobListPageQuery } from './__generated__/jobListPageQuery.graphql';
import type { jobListQuery } from './__generated__/jobListQuery.graphql';
import { JobItem } from './job-item.tsx';

const PAGE_SIZE = 10;

const query = graphql`
  query jobListQuery($first: Int!, $filter: JobFilter) {
    ...jobList_query @arguments(first: $first, filter: $filter)
  }
`;

/** `filters`: a list for each filter and order; its pages are put together by their cursors. */
const fragment = graphql`
  fragment jobList_query on Query
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" }, filter: { type: "JobFilter" })
  @refetchable(queryName: "jobListPageQuery") {
    jobs(first: $first, after: $after, filter: $filter, orderBy: NEWEST_FIRST)
      @connection(key: "jobList_jobs", filters: ["filter", "orderBy"]) {
      edges {
        node {
          id
          ...jobItem_job
        }
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
`;

export function JobList({ status }: { status: StatusChoice }) {
  const filter = status === null ? null : { statuses: [status] };
  const list = useLazyLoadQuery<jobListQuery>(query, { first: PAGE_SIZE, filter });
  return <Pages list={list} />;
}

function Pages({ list }: { list: jobList_query$key }) {
  const { data, hasNext, isLoadingNext, loadNext } = usePaginationFragment<
    jobListPageQuery,
    jobList_query$key
  >(fragment, list);
  const [fault, setFault] = useState<Fault | null>(null);
  const loadMore = () => {
    setFault(null);
    loadNext(PAGE_SIZE, { onComplete: (error) => setFault(error === null ? null : faultOf(undefined)) });
  };
  return (
    <>
      <FailedOrigins origins={data.jobs?.origins ?? []} tryAgain={loadMore} />
      <ul>
        {data.jobs?.edges.map(({ node }) => (
          <li key={node.id}>
            <JobItem job={node} />
          </li>
        ))}
      </ul>
      {fault !== null && <FaultText fault={fault} />}
      {hasNext && (
        <button disabled={isLoadingNext} onClick={loadMore}>
          More
        </button>
      )}
    </>
  );
}
