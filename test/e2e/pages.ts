import { expect } from 'vitest';
import {
  type BatchComputeJobFilter,
  BatchComputePageDocument,
  type CiJobFilter,
  CiPageDocument,
  type CosJobStatus,
  CosPageDocument,
  type CosPageQuery,
} from '../operations/generated/graphql.ts';
import type { World } from '../support/world.ts';
import { dataOf } from './support.ts';

export type Page = NonNullable<CosPageQuery['page']>;
export type ReadPage = (first: number, after: string | null) => Promise<Page>;

export const JOBS = 1_000;
/** A walk of a thousand pages of one takes its time on a busy machine. */
export const LONG_MS = 60_000;

export const cosPages =
  (world: World, status: CosJobStatus | null = null): ReadPage =>
  async (first, after) =>
    pageOf(dataOf(await world.ask(CosPageDocument, { first, after, status })));
export const ciPages =
  (world: World, filter: CiJobFilter = {}): ReadPage =>
  async (first, after) =>
    pageOf(dataOf(await world.ask(CiPageDocument, { first, after, filter })));
export const batchComputePages =
  (world: World, filter: BatchComputeJobFilter = {}): ReadPage =>
  async (first, after) =>
    pageOf(dataOf(await world.ask(BatchComputePageDocument, { first, after, filter })));
/** The same backwards: `first` is `last`, and what is given leads up the listing. */
export const batchComputePagesUp =
  (world: World): ReadPage =>
  async (last, before) =>
    pageOf(dataOf(await world.ask(BatchComputePageDocument, { last, before })));

export function pageOf({ page }: { page: Page | null }): Page {
  if (page === null) {
    throw new Error('expected a page');
  }
  return page;
}

export const idsOf = ({ edges }: Page): string[] => edges.map(({ node }) => node.jobId);

/** Walks from the top to the end; `between` happens after each page. Checks each page's ends on the way. */
export async function walk(
  read: ReadPage,
  first: number,
  between: (seen: number) => void = () => undefined,
): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  for (let after: string | null = null, pages = 1; ; pages += 1) {
    const { edges, pageInfo } = await read(first, after);
    ids.push(...edges.map(({ node }) => node.jobId));
    expect(pageInfo.startCursor).toBe(edges[0]?.cursor ?? null);
    expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null);
    expect(pageInfo.hasPreviousPage).toBe(after !== null);
    if (!pageInfo.hasNextPage) {
      return { ids, pages };
    }
    expect(edges).toHaveLength(first);
    after = pageInfo.endCursor;
    between(ids.length);
  }
}
