import { type OtherSubgraph, startSubgraph } from './other-subgraph.ts';

export interface DataSet {
  readonly id: string;
  readonly title: string;
  readonly writtenBy: { readonly id: string };
}

/** A subgraph that is a Relay server of its own, with `node`, and refers to BatchCompute jobs. */
export function startCatalogue(dataSets: readonly DataSet[] = []): Promise<OtherSubgraph> {
  const entity = (id: unknown): unknown => {
    const found = dataSets.find((dataSet) => dataSet.id === id);
    return found === undefined ? null : { __typename: 'DataSet', ...found };
  };
  return startSubgraph('catalogue', {
    resolvers: {
      Query: {
        node: (_root: unknown, { id }: { id: string }) => entity(id),
        dataSets: () => ({
          edges: dataSets.map((node) => ({ cursor: node.id, node })),
          pageInfo: { hasNextPage: false, hasPreviousPage: false },
        }),
      },
    },
    references: { DataSet: ({ id }) => entity(id) },
  });
}
