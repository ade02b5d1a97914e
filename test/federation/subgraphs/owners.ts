import { type OtherSubgraph, startSubgraph } from './other-subgraph.ts';

interface OwnedJob {
  readonly __typename: 'Job';
  readonly id: string;
}

/** A subgraph that adds to all jobs who owns them: `teams` by the jobs' global ids. */
export function startOwners(teams: Readonly<Record<string, string>> = {}): Promise<OtherSubgraph> {
  const job = (id: string): OwnedJob => ({ __typename: 'Job', id });
  const jobsOf = (_root: unknown, { team }: { team: string }): OwnedJob[] =>
    Object.entries(teams).flatMap(([id, owner]) => (owner === team ? [job(id)] : []));
  return startSubgraph('owners', {
    resolvers: {
      Query: { jobsOf, everyJobOf: jobsOf },
      Job: {
        owner: ({ id }: OwnedJob) => teams[id],
        costCenter: ({ id }: OwnedJob) => (teams[id] === undefined ? null : `cc-${teams[id]}`),
      },
    },
    references: { Job: ({ id }) => job(id as string) },
  });
}
