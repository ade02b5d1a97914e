import { type OtherSubgraph, startSubgraph } from './other-subgraph.ts';

interface ById {
  readonly id: string;
}

export interface Incident {
  readonly title: string;
  readonly cosJob?: ById;
  readonly batchComputeJob?: ById;
  readonly ciJob?: ById;
  readonly jobs?: readonly ({ readonly __typename: 'CosJob' | 'BatchComputeJob' | 'CiJob' } & ById)[];
}

/** A subgraph that refers to jobs by their global ids. */
export function startIncidents(incidents: readonly Incident[] = []): Promise<OtherSubgraph> {
  return startSubgraph('incidents', {
    resolvers: { Query: { incidents: () => incidents } },
    references: {
      Incident: (asked) => {
        const incident = incidents.find(({ title }) => title === asked['title']);
        return incident === undefined ? null : { __typename: 'Incident', ...incident };
      },
    },
  });
}
