import { describe, expect, it } from 'vitest';
import { toPageRequest } from '../../src/jobs/page-arguments.ts';
import { type JobPage, listSource } from '../../src/jobs/source-listing.ts';
import { InvalidCursorError, UpstreamError } from '../../src/model/errors.ts';
import type { CosFilter, CosJob } from '../../src/sources/cos/model.ts';
import { aCosJob, aScope, type FakeCos, FakeSource, GUANGZHOU, SHANGHAI } from './support.ts';

const FETCHED_AT = '2026-01-02T03:04:05Z';
const ALL: CosFilter = { status: null };

/** A source of `count` jobs, `a0`, `a1`, …, whose positions are their indexes. */
function listed(count: number, origin = GUANGZHOU): FakeCos {
  const jobs = Array.from({ length: count }, (_, index) => aCosJob(`a${index}`));
  return new FakeSource(origin, {
    list: async ({ limit, after, before, backwards }) => {
      const start = after === null ? 0 : Number(after[0]) + 1;
      const end = before === null ? count : Number(before[0]);
      const [from, to] = backwards
        ? [Math.max(start, end - limit), end]
        : [start, Math.min(end, start + limit)];
      const entries = jobs.slice(from, to).map((job, index) => ({ job, position: [from + index] }));
      return {
        entries,
        hasNextPage: to < count,
        hasPreviousPage: from > 0,
        totalCount: count,
        fetchedAt: FETCHED_AT,
        outcome: 'FRESH',
      };
    },
  });
}

function page(
  source: FakeCos,
  given: Parameters<typeof toPageRequest>[0],
  { field = 'cosJobs', filter = ALL, scope = aScope() } = {},
): Promise<JobPage<CosJob>> {
  const request = toPageRequest(given, { defaultPageSize: 20, maxPageSize: 500 });
  return listSource(field, source, filter, request, scope);
}

const idsOf = ({ edges }: JobPage<CosJob>): string[] => edges.map(({ node }) => node.jobId);

describe('a page of one origin', () => {
  it('has the source’s entries in its order, each with a cursor, and where it stands', async () => {
    const answer = await page(listed(5), { first: 2 });
    expect(idsOf(answer)).toEqual(['a0', 'a1']);
    expect(answer.pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: answer.edges[0]?.cursor,
      endCursor: answer.edges[1]?.cursor,
    });
    expect(answer.totalCount).toBe(5);
    expect(new Set(answer.edges.map(({ cursor }) => cursor)).size).toBe(2);
  });

  it('goes on from its end cursor until there is nothing more', async () => {
    const source = listed(5);
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const answer: JobPage<CosJob> = await page(source, { first: 2, after });
      seen.push(...idsOf(answer));
      after = answer.pageInfo.hasNextPage ? answer.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
    expect(source.slices.map((slice) => slice.after)).toEqual([null, [1], [3]]);
  });

  it('goes back from its start cursor', async () => {
    const source = listed(5);
    const last = await page(source, { last: 2 });
    expect(idsOf(last)).toEqual(['a3', 'a4']);
    expect(idsOf(await page(source, { last: 2, before: last.pageInfo.startCursor }))).toEqual(['a1', 'a2']);
    expect(source.slices[1]).toEqual({ filter: ALL, limit: 2, backwards: true, after: null, before: [3] });
  });

  it('has no cursors when it is empty', async () => {
    const { edges, pageInfo } = await page(listed(0), {});
    expect(edges).toEqual([]);
    expect(pageInfo).toMatchObject({ startCursor: null, endCursor: null });
  });

  it('reports its one origin as asked just now', async () => {
    expect((await page(listed(3), {})).origins).toEqual([
      { origin: GUANGZHOU, outcome: 'FRESH', totalCount: 3, fetchedAt: FETCHED_AT, error: null },
    ]);
  });

  it('asks with the filter, the limit and the scope that it was given', async () => {
    const [source, scope, filter] = [listed(3), aScope(), { status: 'Active' } as const];
    await page(source, { first: 7 }, { filter, scope });
    expect(source.slices).toEqual([{ filter, limit: 7, backwards: false, after: null, before: null }]);
    expect(source.scopes[0]).toBe(scope);
  });

  it('rejects with what the source rejects with', async () => {
    const failure = new UpstreamError('UPSTREAM_TIMEOUT', GUANGZHOU, 'too slow');
    const source: FakeCos = new FakeSource(GUANGZHOU, { list: () => Promise.reject(failure) });
    await expect(page(source, {})).rejects.toBe(failure);
  });
});

describe('a cursor of another listing is refused before any call', () => {
  it.each<[string, Parameters<typeof page>[2], FakeCos]>([
    ['field', { field: 'ciJobs' }, listed(5)],
    ['filter', { filter: { status: 'Active' } }, listed(5)],
    ['origin', {}, listed(5, SHANGHAI)],
    ['account', {}, listed(5, { ...GUANGZHOU, account: 'other' })],
  ])('when the %s differs', async (_, options, other) => {
    const { pageInfo } = await page(listed(5), { first: 1 });
    await expect(page(other, { after: pageInfo.endCursor }, options)).rejects.toBeInstanceOf(
      InvalidCursorError,
    );
    await expect(page(other, { before: pageInfo.endCursor }, options)).rejects.toBeInstanceOf(
      InvalidCursorError,
    );
    expect(other.slices).toEqual([]);
  });

  it('when it is none at all', async () => {
    const source = listed(5);
    await expect(page(source, { after: '' })).rejects.toBeInstanceOf(InvalidCursorError);
    await expect(page(source, { before: 'x'.repeat(2_000) })).rejects.toBeInstanceOf(InvalidCursorError);
    expect(source.slices).toEqual([]);
  });
});
