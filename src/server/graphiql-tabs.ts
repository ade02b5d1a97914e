import type { GraphiqlTab } from './graphiql.ts';

/** Useful first queries. `exampleJobId` is a job to show by id; without one its tab says where to find an id. */
export function graphiqlTabs(exampleJobId: string | null): readonly GraphiqlTab[] {
  return [
    { query: ALL_SOURCES },
    {
      query: ONE_JOB,
      variables: JSON.stringify({ id: exampleJobId ?? 'an id from the first tab' }, null, 2),
    },
    { query: PAGED_LISTING, variables: JSON.stringify({ after: null }, null, 2) },
    { query: DETAIL },
  ];
}

const ALL_SOURCES = `# Jobs of all three products at once: one upstream call each.
query AllSources {
  cosJobs(first: 3) {
    nodes { ...Summary }
  }
  batchComputeJobs(first: 3) {
    nodes { ...Summary }
    totalCount
  }
  ciJobs(first: 3) {
    nodes { ...Summary }
  }
}

fragment Summary on Job {
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
