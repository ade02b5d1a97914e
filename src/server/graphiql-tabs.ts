import type { GraphiqlTab } from './graphiql.ts';

/** Useful first queries. `exampleJobId` is a job to show by id; without one its tab says where to find an id. */
export function graphiqlTabs(exampleJobId: string | null): readonly GraphiqlTab[] {
  return [
    { query: NEWEST_JOBS },
    {
      query: ONE_JOB,
      variables: JSON.stringify({ id: exampleJobId ?? 'an id from the first tab' }, null, 2),
    },
    { query: PAGED_LISTING, variables: JSON.stringify({ after: null }, null, 2) },
    { query: DETAIL },
  ];
}

const NEWEST_JOBS = `# Jobs of all three products in one list, newest first: one upstream call for each origin.
query NewestJobs {
  jobs(first: 10) {
    nodes {
      id
      source
      displayName
      status
      upstreamStatus
      createdAt
      progress {
        percent
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
    origins {
      source
      region
      outcome
    }
  }
}
`;

const ONE_JOB = `# One job of any product by its global id.
query OneJob($id: ID!) {
  job(id: $id) {
    __typename
    jobId
    displayName
    status
    isFinished
    region
    ... on CosJob {
      operationName
    }
    ... on BatchComputeJob {
      tags {
        key
        value
      }
      placement {
        zone
      }
    }
    ... on CiJob {
      bucket
      type
    }
    freshness {
      fetchedAt
    }
  }
}
`;

const PAGED_LISTING = `# A page of a listing. To go on, put endCursor into the variable after.
query PagedListing($after: String) {
  batchComputeJobs(first: 10, after: $after, filter: { states: [RUNNING, FAILED] }) {
    edges {
      cursor
      node {
        jobId
        name
        batchComputeState
        createdAt
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
    totalCount
    origins {
      source
      region
      outcome
      fetchedAt
    }
  }
}
`;

const DETAIL = `# Fields that only a second call tells: one more call for each job shown.
query Details {
  cosJobs(first: 2) {
    nodes {
      jobId
      operation {
        name
        ... on CosPutObjectCopyOperation {
          targetResource
          storageClass
        }
        ... on CosInitiateRestoreObjectOperation {
          expirationInDays
          jobTier
        }
      }
      manifest {
        location {
          objectArn
        }
      }
      failures {
        code
        reason
      }
    }
  }
  batchComputeJobs(first: 1) {
    nodes {
      jobId
      tasks {
        name
        state
      }
      dependencies {
        startTask
        endTask
      }
    }
  }
}
`;
