import { type OtherSubgraph, startSubgraph } from './other-subgraph.ts';

/** A job as its product names it; not checked by anyone before it reaches the gateway. */
export interface RegionalKey {
  readonly account: string;
  readonly region: string;
  readonly jobId: string;
}

export interface BucketKey {
  readonly account: string;
  readonly bucket: string;
  readonly jobId: string;
}

export type TicketJob =
  | ({ readonly __typename: 'CosJob' | 'BatchComputeJob' } & RegionalKey)
  | ({ readonly __typename: 'CiJob' } & BucketKey);

export interface Ticket {
  readonly number: string;
  readonly cosJob?: RegionalKey;
  readonly batchComputeJob?: RegionalKey;
  readonly ciJob?: BucketKey;
  readonly jobs?: readonly TicketJob[];
}

/** A subgraph that refers to jobs by the products' own keys. */
export function startTickets(tickets: readonly Ticket[] = []): Promise<OtherSubgraph> {
  return startSubgraph('tickets', {
    resolvers: { Query: { tickets: () => tickets } },
    references: {
      Ticket: (asked) => {
        const ticket = tickets.find(({ number }) => number === asked['number']);
        return ticket === undefined ? null : { __typename: 'Ticket', ...ticket };
      },
    },
  });
}
