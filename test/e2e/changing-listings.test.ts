import { describe, expect, it } from 'vitest';
import type { BatchComputeJobFilter } from '../operations/generated/graphql.ts';
import {
  batchComputePages,
  batchComputePagesUp,
  ciPages,
  cosPages,
  idsOf,
  JOBS,
  LONG_MS,
  walk,
} from './pages.ts';
import { addJobs, BUCKET, inEmptyWorld, REGION } from './support.ts';

describe('a listing that changes while it is walked', () => {
  it.each([1, 7, 100])(
    'of BatchCompute repeats no job and skips none that stayed, %i at a time with 50 submitted and 20 deleted',
    (first) =>
      inEmptyWorld(async (world) => {
        const { batchCompute } = world.sandbox;
        addJobs(world, 'batchCompute', JOBS, { perSecond: 7 });
        const before = batchCompute.jobIds(REGION);
        // Every 50th is deleted: once far below the walk, once at its foot, once behind it.
        const doomed = before.filter((_, index) => index % 50 === 24);
        expect(doomed).toHaveLength(20);
        const gone = new Set<string>();
        let submitted = 0;
        const remove = (jobId: string | undefined): void => {
          if (jobId !== undefined) {
            gone.add(jobId);
            batchCompute.remove(REGION, jobId);
          }
        };
        const walked = await walk(batchComputePages(world), first, (seen) => {
          while (submitted < Math.min(50, (seen * 50) / JOBS)) {
            batchCompute.add(REGION, {});
            submitted += 1;
          }
          while (gone.size < Math.min(20, (seen * 20) / JOBS)) {
            const left = doomed.filter((jobId) => !gone.has(jobId));
            const foot = before[seen - 1];
            remove(gone.size % 3 === 1 && foot !== undefined && !gone.has(foot) ? foot : left.at(-1));
          }
        });
        expect(submitted).toBeGreaterThanOrEqual(first === 100 ? 45 : 50);
        expect(gone.size).toBeGreaterThanOrEqual(first === 100 ? 18 : 20);
        expect(new Set(walked.ids).size).toBe(walked.ids.length);
        const seen = new Set(walked.ids);
        expect(before.filter((jobId) => !gone.has(jobId) && !seen.has(jobId))).toEqual([]);
        const order = walked.ids.map((jobId) => before.indexOf(jobId));
        expect(order).toEqual(order.toSorted((left, right) => left - right));
        expect(order).not.toContain(-1);
        // Each deletion of the very job that a cursor stands on may cost a search.
        expect(world.calls('DescribeJobs').length).toBeLessThanOrEqual(walked.pages + 60);
      }),
    LONG_MS,
  );

  it.each([1, 7, 100])(
    'of BatchCompute is found again, %i at a time, after 150 were submitted and the 30 around the cursor deleted at once',
    (first) =>
      inEmptyWorld(async (world) => {
        const { batchCompute } = world.sandbox;
        addJobs(world, 'batchCompute', 400, { perSecond: 7 });
        const before = batchCompute.jobIds(REGION);
        const gone = new Set<string>();
        let cut = 0;
        const walked = await walk(batchComputePages(world), first, (seen) => {
          if (seen >= 200 && gone.size === 0) {
            cut = seen;
            addJobs(world, 'batchCompute', 150, { like: () => ({ createdAtMs: Date.now() - 1_000 }) });
            for (const jobId of before.slice(seen - 15, seen + 15)) {
              gone.add(jobId);
              batchCompute.remove(REGION, jobId);
            }
          }
        });
        expect(gone.size).toBe(30);
        expect(walked.ids).toEqual(before.filter((jobId, index) => index < cut || !gone.has(jobId)));
        // The search for the place costs a few reads more, once.
        expect(world.calls('DescribeJobs').length).toBeLessThanOrEqual(walked.pages + 5);
      }),
    LONG_MS,
  );

  it.each([7, 100])(
    'of CI repeats no job and skips none, %i at a time with jobs arriving at its head',
    (first) =>
      inEmptyWorld(async (world) => {
        addJobs(world, 'ci', 300, { perSecond: 7 });
        const before = world.sandbox.ci.jobIds(BUCKET);
        const walked = await walk(ciPages(world), first, () => {
          addJobs(world, 'ci', 3, { like: () => ({ createdAtMs: Date.now() - 1_000 }) });
        });
        expect(walked.ids).toEqual(before);
        expect(world.calls()).toHaveLength(walked.pages);
      }),
  );

  it('of CI is found again from the middle of a page after more than a page of jobs has arrived', () =>
    inEmptyWorld(async (world) => {
      addJobs(world, 'ci', 50, { perSecond: 7 });
      const before = world.sandbox.ci.jobIds(BUCKET);
      const page = await ciPages(world)(20, null);
      addJobs(world, 'ci', 130, { like: () => ({ createdAtMs: Date.now() - 1_000 }) });
      for (const [index, { cursor }] of page.edges.entries()) {
        expect(idsOf(await ciPages(world)(5, cursor))).toEqual(before.slice(index + 1, index + 6));
      }
    }));

  it('of COS repeats no job and skips none while jobs arrive anywhere in its order', () =>
    inEmptyWorld(async (world) => {
      addJobs(world, 'cos', 300);
      const before = world.sandbox.cos.jobIds(REGION);
      const { ids, pages } = await walk(cosPages(world), 7, () => {
        addJobs(world, 'cos', 1);
      });
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(ids.toSorted());
      expect(before.filter((jobId) => !ids.includes(jobId))).toEqual([]);
      expect(world.calls()).toHaveLength(pages);
    }));

  it('of BatchCompute is walked backwards without repeating or skipping while jobs are submitted', () =>
    inEmptyWorld(async (world) => {
      addJobs(world, 'batchCompute', 200, { perSecond: 7 });
      const before = world.sandbox.batchCompute.jobIds(REGION);
      const ids: string[] = [];
      for (let cursor: string | null = null; ;) {
        const page = await batchComputePagesUp(world)(9, cursor);
        ids.unshift(...idsOf(page));
        if (!page.pageInfo.hasPreviousPage || ids.length >= before.length) {
          break;
        }
        cursor = page.pageInfo.startCursor;
        world.sandbox.batchCompute.add(REGION, {});
      }
      expect(ids.slice(-before.length)).toEqual(before);
      expect(new Set(ids).size).toBe(ids.length);
    }));

  it('of BatchCompute that is filtered by state repeats no job and skips none that kept its state', () =>
    inEmptyWorld(async (world) => {
      const { batchCompute } = world.sandbox;
      addJobs(world, 'batchCompute', 200, {
        perSecond: 3,
        like: (index) => ({ state: index % 2 === 0 ? 'RUNNING' : 'FAILED' }),
      });
      const filter: BatchComputeJobFilter = { states: ['RUNNING'] };
      const matching = (await walk(batchComputePages(world, filter), 100)).ids;
      expect(matching).toHaveLength(100);
      const left = new Set<string>();
      const { ids } = await walk(batchComputePages(world, filter), 9, (seen) => {
        const leaving = matching[seen - 1] ?? '';
        batchCompute.remove(REGION, leaving);
        left.add(leaving);
        addJobs(world, 'batchCompute', 1, { like: () => ({ state: 'RUNNING', createdAtMs: Date.now() }) });
      });
      expect(new Set(ids).size).toBe(ids.length);
      expect(matching.filter((jobId) => !left.has(jobId) && !ids.includes(jobId))).toEqual([]);
    }));
});
