import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type BatchComputeJobFilter,
  BatchComputePageDocument,
  type CiJobFilter,
  CiPageDocument,
  CosPageDocument,
} from '../operations/generated/graphql.ts';
import { startWorld, type World } from '../support/world.ts';
import {
  batchComputePages,
  batchComputePagesUp,
  ciPages,
  cosPages,
  idsOf,
  JOBS,
  LONG_MS,
  pageOf,
  walk,
} from './pages.ts';
import { addJobs, BUCKET, dataOf, inEmptyWorld, OTHER_REGION, REGION, utc } from './support.ts';

describe('a thousand jobs of each source', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ sandbox: { world: 'empty' } });
    addJobs(world, 'cos', JOBS, { perSecond: 7 });
    addJobs(world, 'batchCompute', JOBS, { perSecond: 7 });
    addJobs(world, 'ci', JOBS, { perSecond: 7 });
  });
  afterAll(() => world.close());
  beforeEach(() => {
    world.sandbox.clearCalls();
  });

  it.each([
    [1, 1_000],
    [7, 143],
    [100, 10],
    [500, 2],
  ])(
    'of COS are walked %i at a time in the order of the product, in %i calls',
    async (first, calls) => {
      const { ids, pages } = await walk(cosPages(world), first);
      expect(ids).toEqual(world.sandbox.cos.jobIds(REGION));
      expect(pages).toBe(Math.ceil(JOBS / first));
      expect(world.calls('ListJobs')).toHaveLength(calls);
      expect(world.calls()).toHaveLength(calls);
    },
    LONG_MS,
  );

  it.each([
    [1, 1_000],
    [7, 143],
    [100, 10],
    [500, 10],
  ])(
    'of CI are walked %i at a time in the order of the product, in %i calls',
    async (first, calls) => {
      const { ids, pages } = await walk(ciPages(world), first);
      expect(ids).toEqual(world.sandbox.ci.jobIds(BUCKET));
      expect(pages).toBe(Math.ceil(JOBS / first));
      expect(world.calls('DescribeInventoryTriggerJobs')).toHaveLength(calls);
      expect(world.calls()).toHaveLength(calls);
    },
    LONG_MS,
  );

  it.each([
    [1, 1_000],
    [7, 143],
    [100, 10],
    [500, 10],
  ])(
    'of BatchCompute are walked %i at a time in the order of the product, in %i calls',
    async (first, calls) => {
      const { ids, pages } = await walk(batchComputePages(world), first);
      expect(ids).toEqual(world.sandbox.batchCompute.jobIds(REGION));
      expect(pages).toBe(Math.ceil(JOBS / first));
      expect(world.calls('DescribeJobs')).toHaveLength(calls);
      expect(world.calls()).toHaveLength(calls);
    },
    LONG_MS,
  );

  it.each([
    [7, 1 + 143],
    [99, 1 + 11],
    [500, 13],
  ])(
    'of BatchCompute are walked %i at a time backwards from the end, in %i calls',
    async (last, calls) => {
      const ids: string[] = [];
      for (let before: string | null = null; ;) {
        const { edges, pageInfo, totalCount } = await batchComputePagesUp(world)(last, before);
        expect(totalCount).toBe(JOBS);
        expect(pageInfo.hasNextPage).toBe(before !== null);
        expect(pageInfo.startCursor).toBe(edges[0]?.cursor);
        expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor);
        ids.unshift(...edges.map(({ node }) => node.jobId));
        if (!pageInfo.hasPreviousPage) {
          break;
        }
        before = pageInfo.startCursor;
      }
      expect(ids).toEqual(world.sandbox.batchCompute.jobIds(REGION));
      expect(world.calls('DescribeJobs')).toHaveLength(calls);
    },
    LONG_MS,
  );

  it('go on rightly from the cursor of every edge of a page, in every direction that the product has', async () => {
    const expected = {
      cos: world.sandbox.cos.jobIds(REGION),
      ci: world.sandbox.ci.jobIds(BUCKET),
      batchCompute: world.sandbox.batchCompute.jobIds(REGION),
    };
    const pages = { cos: cosPages(world), ci: ciPages(world), batchCompute: batchComputePages(world) };
    for (const source of ['cos', 'ci', 'batchCompute'] as const) {
      const read = pages[source];
      const top = await read(30, null);
      const second = await read(30, top.pageInfo.endCursor);
      for (const [index, { cursor, node }] of [...top.edges, ...second.edges].entries()) {
        expect(node.jobId).toBe(expected[source][index]);
        const next = await read(5, cursor);
        expect(idsOf(next)).toEqual(expected[source].slice(index + 1, index + 6));
        expect(next.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
      }
    }
    const top = await batchComputePages(world)(30, null);
    for (const [index, { cursor }] of top.edges.entries()) {
      const back = await batchComputePagesUp(world)(5, cursor);
      expect(idsOf(back)).toEqual(expected.batchCompute.slice(Math.max(0, index - 5), index));
      expect(back.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: index > 5 });
    }
  });

  it('go back from where a walk came to, and meet it', async () => {
    const down = await batchComputePages(world)(250, null);
    const up = await batchComputePagesUp(world)(250, down.pageInfo.endCursor);
    expect(idsOf(up)).toEqual(idsOf(down).slice(0, -1));
    expect(up.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  });
});

describe('short listings', () => {
  const EMPTY = {
    edges: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
  };

  it.each(['element', 'omitted'] as const)(
    'that are empty or hold one job have an end, which the product tells by an empty token that is an %s',
    (emptyNextToken) =>
      inEmptyWorld(
        async (world) => {
          const reads = [
            cosPages(world),
            ciPages(world),
            batchComputePages(world),
            batchComputePagesUp(world),
          ];
          for (const read of reads) {
            expect(await read(20, null)).toMatchObject(EMPTY);
          }
          const [cos = ''] = addJobs(world, 'cos', 1);
          const [ci = ''] = addJobs(world, 'ci', 1);
          const [batchCompute = ''] = addJobs(world, 'batchCompute', 1);
          for (const [index, jobId] of [cos, ci, batchCompute, batchCompute].entries()) {
            for (const first of [1, 2]) {
              const page = await reads[index]?.(first, null);
              const cursor = page?.edges[0]?.cursor ?? '';
              expect(page).toMatchObject({
                edges: [{ node: { jobId } }],
                pageInfo: {
                  hasNextPage: false,
                  hasPreviousPage: false,
                  startCursor: cursor,
                  endCursor: cursor,
                },
              });
              expect((await reads[index]?.(1, cursor))?.edges).toEqual([]);
            }
          }
        },
        { sandbox: { emptyNextToken } },
      ),
  );

  it('end where the product ends, also when the last page is exactly full', () =>
    inEmptyWorld(
      async (world) => {
        for (const upstream of ['cos', 'ci', 'batchCompute'] as const) {
          addJobs(world, upstream, 40);
        }
        for (const read of [cosPages(world), ciPages(world), batchComputePages(world)]) {
          const { ids, pages } = await walk(read, 20);
          expect([ids.length, pages]).toEqual([40, 2]);
        }
        expect(world.calls()).toHaveLength(6);
      },
      { sandbox: { emptyNextToken: 'omitted' } },
    ));

  it('are twenty jobs long unless a query says otherwise', () =>
    inEmptyWorld(async (world) => {
      for (const upstream of ['cos', 'ci', 'batchCompute'] as const) {
        addJobs(world, upstream, 25);
      }
      const pages = [
        dataOf(await world.ask(CosPageDocument, {})),
        dataOf(await world.ask(CiPageDocument, { first: null })),
        dataOf(await world.ask(BatchComputePageDocument, {})),
      ];
      expect(pages.map((page) => pageOf(page).edges.length)).toEqual([20, 20, 20]);
    }));
});

describe('filters', () => {
  it('of COS by status ask the product for that status alone, over several pages', () =>
    inEmptyWorld(async (world) => {
      const statuses = ['Active', 'Complete', 'Suspended', 'Failed'];
      const jobs = addJobs(world, 'cos', 60, { like: (index) => ({ status: statuses[index % 4] ?? '' }) });
      const suspended = jobs.filter((_, index) => index % 4 === 2).toSorted();
      const { ids } = await walk(cosPages(world, 'SUSPENDED'), 4);
      expect(ids).toEqual(suspended);
      expect(world.calls('ListJobs')).toHaveLength(4);
      expect(new Set(world.calls().map(({ params }) => params['jobStatuses']))).toEqual(
        new Set(['Suspended']),
      );
      expect(idsOf(await cosPages(world, 'PREPARING')(20, null))).toEqual([]);
    }));

  it('of COS are for words of the product only', () =>
    inEmptyWorld(async (world) => {
      const answer = await world.ask(CosPageDocument, { status: 'UNKNOWN' });
      expect(answer.errors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
      expect(world.calls()).toEqual([]);
    }));

  it('of BatchCompute restrict by each of its own filters and by several together', () =>
    inEmptyWorld(async (world) => {
      const { batchCompute } = world.sandbox;
      const at = (second: number): number => Date.now() - 60_000 - second * 1_000;
      const tag = (key: string, value: string): { Key: string; Value: string } => ({
        Key: key,
        Value: value,
      });
      const add = (jobId: string, second: number, job: object): string =>
        batchCompute.add(REGION, { jobId, createdAtMs: at(second), ...job });
      const zone = (name: string): object => ({ zone: name, placement: { Zone: name } });
      add('job-aaaaaaaa', 1, { jobName: 'align', state: 'RUNNING', ...zone('ap-guangzhou-3') });
      add('job-bbbbbbbb', 2, {
        jobName: 'merge & "more" 合并',
        state: 'FAILED',
        ...zone('ap-guangzhou-4'),
        tags: [tag('team', 'media'), tag('env', 'prod')],
      });
      add('job-cccccccc', 3, {
        jobName: 'align',
        state: 'SUCCEED',
        ...zone('ap-guangzhou-4'),
        tags: [tag('team', 'data')],
      });
      add('job-dddddddd', 4, {
        jobName: 'render',
        state: 'FAILED',
        ...zone('ap-guangzhou-6'),
        tags: [tag('env', 'test')],
      });
      const cases: [BatchComputeJobFilter, string][] = [
        [{}, 'abcd'],
        [{ names: ['align'] }, 'ac'],
        [{ names: ['merge & "more" 合并', 'render'] }, 'bd'],
        [{ states: ['FAILED'] }, 'bd'],
        [{ states: ['RUNNING', 'SUCCEED'] }, 'ac'],
        [{ zones: ['ap-guangzhou-4'] }, 'bc'],
        [{ tagKeys: ['env'] }, 'bd'],
        [{ tagValues: ['media', 'test'] }, 'bd'],
        [{ tags: [{ key: 'team', values: ['media', 'data'] }] }, 'bc'],
        [
          {
            tags: [
              { key: 'team', values: ['media', 'data'] },
              { key: 'env', values: ['prod'] },
            ],
          },
          'b',
        ],
        [{ states: ['FAILED'], zones: ['ap-guangzhou-6'], tagKeys: ['env'] }, 'd'],
        [{ names: ['align'], states: ['FAILED'] }, ''],
        [{ jobIds: ['job-dddddddd', 'job-aaaaaaaa', 'job-00000000'] }, 'ad'],
      ];
      for (const [filter, letters] of cases) {
        world.sandbox.clearCalls();
        const page = await batchComputePages(world, filter)(20, null);
        expect(idsOf(page).map((jobId) => jobId.slice(-1))).toEqual(letters.split(''));
        expect(page.totalCount).toBe(letters.length);
        expect(world.calls()).toHaveLength(1);
        const { ids } = await walk(batchComputePages(world, filter), 1);
        expect(ids).toEqual(idsOf(page));
      }
    }));

  it('of BatchCompute that the product would refuse are refused without a call', () =>
    inEmptyWorld(async (world) => {
      const cases: BatchComputeJobFilter[] = [
        { jobIds: ['job-aaaaaaaa'], states: ['RUNNING'] },
        { jobIds: ['../job'] },
        { jobIds: Array.from({ length: 101 }, (_, index) => `job-${10_000_000 + index}`) },
        { states: ['UNKNOWN'] },
        { names: [] },
        { zones: ['1e999'] },
        { zones: ['ap-guangzhou-4', 'ap-guangzhou'] },
        { zones: ['ap-guangzhou-4; zone'] },
        {
          tags: [
            { key: 'a', values: ['1'] },
            { key: 'a', values: ['2'] },
          ],
        },
      ];
      for (const filter of cases) {
        const { data, errors } = await world.ask(BatchComputePageDocument, { filter });
        expect(data?.page).toBeNull();
        expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
      }
      expect(world.calls()).toEqual([]);
    }));

  it('of BatchCompute by a zone that nobody here knows are the product’s to answer', () =>
    inEmptyWorld(async (world) => {
      const zones = [`${REGION}-99`, `${REGION}-1`];
      expect(idsOf(await batchComputePages(world, { zones })(20, null))).toEqual([]);
      expect(world.calls('DescribeJobs')).toHaveLength(1);
    }));

  it('of CI restrict by each of its own filters and by several together', () =>
    inEmptyWorld(async (world) => {
      const start = Date.parse('2026-03-01T00:00:00Z') - 365 * 86_400_000;
      const add = (jobId: string, second: number, job: object): string =>
        world.sandbox.ci.add(BUCKET, { jobId, createdAtMs: start + second * 1_000, ...job });
      add('a', 0, { type: 'Job', name: 'thumbs', state: 'Success' });
      add('b', 10, {
        type: 'Workflow',
        name: '封面 & "b"',
        state: 'Failed',
        operation: [['WorkflowIds', 'w1']],
      });
      add('c', 20, {
        type: 'Workflow',
        name: 'thumbs',
        state: 'Running',
        operation: [['WorkflowIds', 'w2,w1']],
      });
      add('d', 30, { type: 'Job', name: 'tags', state: 'Pause' });
      const t = (second: number): string => utc(start + second * 1_000);
      const cases: [CiJobFilter, string][] = [
        [{}, 'dcba'],
        [{ order: 'OLDEST_FIRST' }, 'abcd'],
        [{ type: 'JOB' }, 'da'],
        [{ type: 'WORKFLOW', order: 'OLDEST_FIRST' }, 'bc'],
        [{ states: ['FAILED', 'PAUSE'] }, 'db'],
        [{ name: '封面 & "b"' }, 'b'],
        [{ workflowId: 'w1' }, 'cb'],
        [{ jobId: 'c' }, 'c'],
        [{ createdAfter: t(10) }, 'dcb'],
        [{ createdBefore: t(20) }, 'ba'],
        [{ createdAfter: t(10), createdBefore: t(30) }, 'cb'],
        [{ createdAfter: t(10).replace('Z', '.500Z'), createdBefore: t(20).replace('Z', '.500Z') }, 'c'],
        [{ createdAfter: t(10).replace('Z', '+00:00') }, 'dcb'],
        [{ type: 'JOB', states: ['SUCCESS'], name: 'thumbs', createdBefore: t(1) }, 'a'],
      ];
      for (const [filter, letters] of cases) {
        world.sandbox.clearCalls();
        expect(idsOf(await ciPages(world, filter)(20, null))).toEqual(letters.split(''));
        expect(world.calls()).toHaveLength(1);
        const { ids } = await walk(ciPages(world, filter), 1);
        expect(ids).toEqual(letters.split(''));
      }
      world.sandbox.clearCalls();
      expect(idsOf(await ciPages(world, { createdAfter: t(20), createdBefore: t(20) })(20, null))).toEqual(
        [],
      );
      expect(world.calls()).toEqual([]);
    }));

  it('of CI that name no state of the product are refused without a call', () =>
    inEmptyWorld(async (world) => {
      for (const filter of [{ states: ['UNKNOWN'] }, { states: [] }, { name: '' }] satisfies CiJobFilter[]) {
        const { errors } = await world.ask(CiPageDocument, { filter });
        expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
      }
      expect(world.calls()).toEqual([]);
    }));

  it('stand beside the place: the other region is listed on its own', () =>
    inEmptyWorld(async (world) => {
      addJobs(world, 'batchCompute', 3);
      const there = addJobs(world, 'batchCompute', 2, {
        place: OTHER_REGION,
        like: () => ({ state: 'FAILED' }),
      });
      const { page } = dataOf(
        await world.ask(BatchComputePageDocument, { region: OTHER_REGION, filter: { states: ['FAILED'] } }),
      );
      expect(page?.edges.map(({ node }) => node.jobId)).toEqual(there.toReversed());
      expect(world.calls().map(({ region }) => region)).toEqual([OTHER_REGION]);
    }));
});
