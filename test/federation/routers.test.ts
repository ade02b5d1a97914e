import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import {
  addJobs,
  batchComputeId,
  BUCKET,
  callCounts,
  ciId,
  cosId,
  OTHER_REGION,
  REGION,
} from '../e2e/support.ts';
import { readConfig } from '../../src/config.ts';
import type { World } from '../support/world.ts';
import { ROUTERS, type Router, startDefaultHiveGateway } from './routers.ts';
import { startCatalogue } from './subgraphs/catalogue.ts';
import { startIncidents } from './subgraphs/incidents.ts';
import { startOwners } from './subgraphs/owners.ts';
import { startTickets } from './subgraphs/tickets.ts';
import { dataFrom, inSupergraph, representationsSent, requestsSent } from './support.ts';

const IN_REGION = { account: 'sandbox', region: REGION } as const;
const IN_BUCKET = { account: 'sandbox', bucket: BUCKET } as const;

/** One job of each product: its own id and its global id. */
function oneOfEach(world: World): { cos: Named; batchCompute: Named; ci: Named } {
  const [cos = ''] = addJobs(world, 'cos', 1);
  const [batchCompute = ''] = addJobs(world, 'batchCompute', 1);
  const [ci = ''] = addJobs(world, 'ci', 1);
  return {
    cos: { jobId: cos, id: cosId(cos) },
    batchCompute: { jobId: batchCompute, id: batchComputeId(batchCompute) },
    ci: { jobId: ci, id: ciId(ci) },
  };
}

interface Named {
  readonly jobId: string;
  readonly id: string;
}

describe.each(ROUTERS)('$name', ({ start, completesValues }) => {
  it('shows another subgraph’s fields on every job of the gateway, however it is reached', async () => {
    let jobs: ReturnType<typeof oneOfEach>;
    await inSupergraph(
      start,
      (world) => {
        jobs = oneOfEach(world);
        return [startOwners({ [jobs.cos.id]: 'media', [jobs.ci.id]: 'web' })];
      },
      async (router) => {
        const { cos, batchCompute, ci } = jobs;
        const data = await dataFrom(
          router,
          `{
            jobs { nodes { id owner costCenter displayName } edges { node { id owner } } }
            job(id: "${cos.id}") { __typename owner ... on CosJob { cosStatus costCenter } }
            node(id: "${ci.id}") { id ... on Job { owner } }
            nodes(ids: ["${batchCompute.id}", "${cos.id}"]) { ... on CosJob { owner } ... on BatchComputeJob { owner status } }
            cosJobs { nodes { owner roleArn } }
          }`,
        );
        const owned = (data['jobs'] as { nodes: { id: string; owner: string | null }[] }).nodes;
        expect(Object.fromEntries(owned.map(({ id, owner }) => [id, owner]))).toEqual({
          [cos.id]: 'media',
          [batchCompute.id]: null,
          [ci.id]: 'web',
        });
        expect(data).toMatchObject({
          jobs: { edges: owned.map(({ id, owner }) => ({ node: { id, owner } })) },
          job: { __typename: 'CosJob', owner: 'media', cosStatus: 'COMPLETE', costCenter: 'cc-media' },
          node: { id: ci.id, owner: 'web' },
          nodes: [{ owner: null, status: 'COMPLETED' }, { owner: 'media' }],
          cosJobs: { nodes: [{ owner: 'media', roleArn: expect.stringContaining('roleName') }] },
        });
        const asked = representationsSent(router, 'owners');
        expect(asked.length).toBeGreaterThan(0);
        for (const representation of asked) {
          expect(representation).toEqual({ __typename: 'Job', id: expect.any(String) });
        }
      },
    );
  });

  it('asks the gateway for its listing once, however many fields of other subgraphs stand in it', async () => {
    await inSupergraph(
      start,
      (world) => {
        oneOfEach(world);
        return [startOwners(), startTickets(), startIncidents()];
      },
      async (router, world) => {
        await dataFrom(router, `{ jobs { nodes { displayName owner ... on CosJob { costCenter } } } }`);
        expect(requestsSent(router, 'jobs')).toBe(1);
        const withOthers = callCounts(world);
        world.sandbox.clearCalls();
        expect((await world.askText('{ jobs { nodes { displayName } } }')).errors).toEqual([]);
        expect(withOthers).toEqual(callCounts(world));
      },
    );
  });

  it('learns from the gateway what kind of job an id is that another subgraph knows nothing else of', async () => {
    let jobs: ReturnType<typeof oneOfEach>;
    await inSupergraph(
      start,
      (world) => {
        jobs = oneOfEach(world);
        return [
          startOwners({
            [jobs.ci.id]: 'media',
            [cosId('gone')]: 'media',
            [jobs.cos.id]: 'media',
            [jobs.batchCompute.id]: 'media',
          }),
        ];
      },
      async (router) => {
        const { cos, batchCompute, ci } = jobs;
        const data = await dataFrom(
          router,
          `{ jobsOf(team: "media") {
            __typename id owner jobId status
            ... on CosJob { cosStatus } ... on BatchComputeJob { batchComputeState } ... on CiJob { bucket ciState }
          } }`,
        );
        const shared = { owner: 'media', status: 'COMPLETED' };
        expect(data['jobsOf']).toEqual([
          { __typename: 'CiJob', ...ci, ...shared, bucket: BUCKET, ciState: 'SUCCESS' },
          null,
          { __typename: 'CosJob', ...cos, ...shared, cosStatus: 'COMPLETE' },
          { __typename: 'BatchComputeJob', ...batchCompute, ...shared, batchComputeState: 'SUCCEED' },
        ]);
        expect(representationsSent(router, 'jobs')).toEqual(
          [ci.id, cosId('gone'), cos.id, batchCompute.id].map((id) => ({ __typename: 'Job', id })),
        );
        expect(requestsSent(router, 'jobs')).toBe(1);
      },
    );
  });

  it('finds jobs by the products’ own keys and by their global ids', async () => {
    let jobs: ReturnType<typeof oneOfEach>;
    await inSupergraph(
      start,
      (world) => {
        jobs = oneOfEach(world);
        const { cos, batchCompute, ci } = jobs;
        return [
          startTickets([
            {
              number: '7',
              cosJob: { ...IN_REGION, jobId: cos.jobId },
              batchComputeJob: { ...IN_REGION, jobId: batchCompute.jobId },
              ciJob: { ...IN_BUCKET, jobId: ci.jobId },
            },
          ]),
          startIncidents([
            {
              title: 'fire',
              cosJob: { id: cos.id },
              batchComputeJob: { id: batchCompute.id },
              ciJob: { id: ci.id },
            },
          ]),
          startOwners({ [cos.id]: 'media' }),
        ];
      },
      async (router) => {
        const fields = `
          cosJob { id status cosStatus owner } batchComputeJob { id status name owner } ciJob { id status type owner }`;
        const found = {
          cosJob: { id: jobs.cos.id, status: 'COMPLETED', cosStatus: 'COMPLETE', owner: 'media' },
          batchComputeJob: {
            id: jobs.batchCompute.id,
            status: 'COMPLETED',
            name: expect.any(String),
            owner: null,
          },
          ciJob: { id: jobs.ci.id, status: 'COMPLETED', type: expect.any(String), owner: null },
        };
        expect(await dataFrom(router, `{ tickets { number ${fields} } }`)).toEqual({
          tickets: [{ number: '7', ...found }],
        });
        expect(representationsSent(router, 'jobs').toSorted(byText)).toEqual(
          [
            { __typename: 'CosJob', ...IN_REGION, jobId: jobs.cos.jobId },
            { __typename: 'BatchComputeJob', ...IN_REGION, jobId: jobs.batchCompute.jobId },
            { __typename: 'CiJob', ...IN_BUCKET, jobId: jobs.ci.jobId },
          ].toSorted(byText),
        );
        const sentBefore = router.sent.length;
        expect(await dataFrom(router, `{ incidents { title ${fields} } }`)).toEqual({
          incidents: [{ title: 'fire', ...found }],
        });
        const byId = router.sent.slice(sentBefore).filter(({ subgraph }) => subgraph === 'jobs');
        expect(byId.flatMap(({ representations }) => representations).toSorted(byText)).toEqual(
          [
            { __typename: 'CosJob', id: jobs.cos.id },
            { __typename: 'BatchComputeJob', id: jobs.batchCompute.id },
            { __typename: 'CiJob', id: jobs.ci.id },
          ].toSorted(byText),
        );
      },
    );
  });

  it('finds jobs in lists of several kinds, in the order of the list, and nothing in the place of one that is gone', async () => {
    let jobs: ReturnType<typeof oneOfEach>;
    await inSupergraph(
      start,
      (world) => {
        jobs = oneOfEach(world);
        const { cos, batchCompute, ci } = jobs;
        return [
          startTickets([
            {
              number: '7',
              jobs: [
                { __typename: 'CiJob', ...IN_BUCKET, jobId: ci.jobId },
                { __typename: 'BatchComputeJob', ...IN_REGION, jobId: 'job-nobody00' },
                { __typename: 'CosJob', ...IN_REGION, jobId: cos.jobId },
                { __typename: 'BatchComputeJob', ...IN_REGION, jobId: batchCompute.jobId },
                { __typename: 'CiJob', ...IN_BUCKET, jobId: ci.jobId },
              ],
            },
          ]),
          startIncidents([
            {
              title: 'fire',
              jobs: [
                { __typename: 'CosJob', id: cos.id },
                { __typename: 'CiJob', id: ci.id },
                { __typename: 'CosJob', id: cosId('gone') },
                { __typename: 'BatchComputeJob', id: batchCompute.id },
              ],
            },
          ]),
        ];
      },
      async (router) => {
        const { cos, batchCompute, ci } = jobs;
        expect(
          await dataFrom(
            router,
            `{ tickets { jobs { __typename ... on CosJob { id isFinished } ... on BatchComputeJob { id isFinished } ... on CiJob { id isFinished } } } }`,
          ),
        ).toEqual({
          tickets: [
            {
              jobs: [
                { __typename: 'CiJob', id: ci.id, isFinished: true },
                completesValues ? null : { __typename: 'BatchComputeJob' },
                { __typename: 'CosJob', id: cos.id, isFinished: true },
                { __typename: 'BatchComputeJob', id: batchCompute.id, isFinished: true },
                { __typename: 'CiJob', id: ci.id, isFinished: true },
              ],
            },
          ],
        });
        expect(await dataFrom(router, `{ incidents { jobs { __typename id status } } }`)).toEqual({
          incidents: [
            {
              jobs: [
                { __typename: 'CosJob', id: cos.id, status: 'COMPLETED' },
                { __typename: 'CiJob', id: ci.id, status: 'COMPLETED' },
                null,
                { __typename: 'BatchComputeJob', id: batchCompute.id, status: 'COMPLETED' },
              ],
            },
          ],
        });
      },
    );
  });

  it('loses a whole list of another subgraph to one job that is gone, where that list promises every job', async () => {
    let jobs: ReturnType<typeof oneOfEach>;
    await inSupergraph(
      start,
      (world) => {
        jobs = oneOfEach(world);
        return [startOwners({ [jobs.cos.id]: 'media', [cosId('gone')]: 'media' })];
      },
      async (router) => {
        const present = { id: jobs.cos.id, status: 'COMPLETED' };
        const { data: promised } = await router.ask(`{ everyJobOf(team: "media") { id status } }`);
        // A router that does not null the list breaks the promise instead: neither is what its client asked for.
        expect(structuredClone(promised)).toEqual(completesValues ? null : { everyJobOf: [present, null] });
        expect(await dataFrom(router, `{ jobsOf(team: "media") { id status } }`)).toEqual({
          jobsOf: [present, null],
        });
      },
    );
  });

  it.each([
    ['each by a call of its own', 0, { 'cos DescribeJob': 15 }],
    ['COS jobs by a page of their listing where that can be kept', 1_048_576, { 'cos ListJobs': 1 }],
  ])(
    'reads fifty jobs of three products in one request, twice each: %s',
    async (_how, memoryBytes, cosCalls) => {
      const asked: { __typename: 'CosJob' | 'BatchComputeJob' | 'CiJob'; id: string }[] = [];
      await inSupergraph(
        start,
        (world) => {
          const batchCompute = addJobs(world, 'batchCompute', 20);
          const cos = addJobs(world, 'cos', 15);
          const ci = addJobs(world, 'ci', 15);
          batchCompute.forEach((jobId, index) => {
            asked.push({ __typename: 'BatchComputeJob', id: batchComputeId(jobId) });
            asked.push(
              ...cos.slice(index, index + 1).map((id) => ({ __typename: 'CosJob' as const, id: cosId(id) })),
            );
            asked.push(
              ...ci.slice(index, index + 1).map((id) => ({ __typename: 'CiJob' as const, id: ciId(id) })),
            );
          });
          return [startIncidents([{ title: 'flood', jobs: [...asked, ...asked] }])];
        },
        async (router, world) => {
          const { incidents } = await dataFrom(router, `{ incidents { jobs { __typename id status } } }`);
          const [{ jobs } = { jobs: [] }] = incidents as { jobs: { __typename: string; id: string }[] }[];
          expect(jobs.map(({ __typename, id }) => ({ __typename, id }))).toEqual([...asked, ...asked]);
          expect(requestsSent(router, 'jobs')).toBe(1);
          expect(callCounts(world)).toEqual({
            'batchCompute DescribeJobs': 1,
            'ci DescribeInventoryTriggerJob': 15,
            ...cosCalls,
          });
        },
        { world: { cache: { memoryBytes } } },
      );
    },
  );

  it('nulls only the jobs of an upstream that fails, and says why', async () => {
    let jobs: ReturnType<typeof oneOfEach>;
    await inSupergraph(
      start,
      (world) => {
        jobs = oneOfEach(world);
        return [
          startOwners({ [jobs.cos.id]: 'media', [jobs.batchCompute.id]: 'media', [jobs.ci.id]: 'media' }),
        ];
      },
      async (router, world) => {
        world.sandbox.faults.add({ upstream: 'cos', fault: { kind: 'error', code: 'InternalError' } });
        const { data, errors } = await router.ask(`{ jobsOf(team: "media") { id status } }`);
        expect(structuredClone(data)).toEqual({
          jobsOf: [
            null,
            { id: jobs.batchCompute.id, status: 'COMPLETED' },
            { id: jobs.ci.id, status: 'COMPLETED' },
          ],
        });
        expect(errors.map(({ extensions }) => extensions)).toEqual([
          expect.objectContaining({
            code: 'UPSTREAM_UNAVAILABLE',
            source: 'COS',
            upstreamCode: 'InternalError',
            retryable: true,
            requestId: expect.any(String),
          }),
        ]);
      },
    );
  });

  it('nulls only the job whose key cannot be right, and says so', async () => {
    let jobs: ReturnType<typeof oneOfEach>;
    await inSupergraph(
      start,
      (world) => {
        jobs = oneOfEach(world);
        const { cos } = jobs;
        return [
          startTickets([
            { number: '1', cosJob: { ...IN_REGION, jobId: '../jobs' } },
            { number: '2', cosJob: { ...IN_REGION, jobId: cos.jobId } },
            { number: '3', cosJob: { ...IN_REGION, region: 'ap-nowhere', jobId: cos.jobId } },
            { number: '4', cosJob: { ...IN_REGION, region: OTHER_REGION, jobId: cos.jobId } },
          ]),
        ];
      },
      async (router, world) => {
        const { data, errors } = await router.ask(`{ tickets { number cosJob { id status } } }`);
        expect(structuredClone(data)).toEqual({
          tickets: [
            { number: '1', cosJob: null },
            { number: '2', cosJob: { id: jobs.cos.id, status: 'COMPLETED' } },
            { number: '3', cosJob: null },
            { number: '4', cosJob: null },
          ],
        });
        expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['INVALID_REPRESENTATION']);
        expect(callCounts(world)).toEqual({ 'cos DescribeJob': 2 });
      },
    );
  });

  it('reads what only a second call tells by one call for each job, however many such fields are asked for', async () => {
    await inSupergraph(
      start,
      (world) => {
        const failed = addJobs(world, 'batchCompute', 3, { like: () => ({ state: 'FAILED' }) });
        return [
          startTickets(
            failed.map((jobId, index) => ({
              number: String(index),
              batchComputeJob: { ...IN_REGION, jobId },
            })),
          ),
        ];
      },
      async (router, world) => {
        const { tickets } = await dataFrom(
          router,
          `{ tickets { batchComputeJob { id stateReason tasks { name } dependencies { startTask } failures { reason } } } }`,
        );
        expect(tickets).toHaveLength(3);
        for (const { batchComputeJob } of tickets as { batchComputeJob: Record<string, unknown> }[]) {
          expect(batchComputeJob['failures']).toEqual([{ reason: batchComputeJob['stateReason'] }]);
          expect(batchComputeJob['tasks']).not.toEqual([]);
        }
        expect(callCounts(world)).toEqual({
          'batchCompute DescribeJobs': 1,
          'batchCompute DescribeJob': 3,
        });
      },
    );
  });

  it('stands before another Relay server too, when the gateway leaves node to that', async () => {
    let jobs: ReturnType<typeof oneOfEach>;
    await inSupergraph(
      start,
      (world) => {
        jobs = oneOfEach(world);
        return [startCatalogue([{ id: 'set-1', title: 'Faces', writtenBy: { id: jobs.batchCompute.id } }])];
      },
      async (router) => {
        const data = await dataFrom(
          router,
          `{
            node(id: "set-1") { __typename id ... on DataSet { title } }
            dataSets { edges { node { writtenBy { status displayName } } } pageInfo { hasNextPage } }
            jobs { pageInfo { hasNextPage } nodes { id } }
          }`,
        );
        expect(data).toMatchObject({
          node: { __typename: 'DataSet', id: 'set-1', title: 'Faces' },
          dataSets: {
            edges: [{ node: { writtenBy: { status: 'COMPLETED' } } }],
            pageInfo: { hasNextPage: false },
          },
          jobs: { pageInfo: { hasNextPage: false }, nodes: { length: 3 } },
        });
      },
      { world: { config: { federation: { ...readConfig({}).federation, relayNode: false } } } },
    );
  });

  it('proves itself with the secret that it was told to send to the gateway alone', async () => {
    const routerSecret = 'only-the-router-knows-this';
    const headers = { 'router-authorization': routerSecret };
    const world = { config: { federation: { routerSecrets: [new Secret(routerSecret)], relayNode: true } } };
    let jobs: ReturnType<typeof oneOfEach>;
    const prepare = (at: World) => {
      jobs = oneOfEach(at);
      return [startOwners({ [jobs.cos.id]: 'media' })];
    };
    const read = (router: Router) => router.ask(`{ jobsOf(team: "media") { id status } }`);
    await inSupergraph(
      start,
      prepare,
      async (router) => {
        expect(await read(router)).toMatchObject({
          data: { jobsOf: [{ id: jobs.cos.id, status: 'COMPLETED' }] },
          errors: [],
        });
      },
      { world, headers, router: { headersFor: (subgraph) => (subgraph === 'jobs' ? headers : {}) } },
    );
    for (const wrong of [{}, { 'router-authorization': 'what-it-was-before-this' }]) {
      await inSupergraph(
        start,
        prepare,
        async (router, { calls }) => {
          const { data, errors } = await read(router);
          expect((data?.['jobsOf'] as unknown[] | null)?.[0] ?? null).toBeNull();
          expect(errors.length).toBeGreaterThan(0);
          expect(calls()).toEqual([]);
        },
        { world, headers, router: { headersFor: () => wrong } },
      );
    }
  });
});

describe('Hive Gateway with its planner in JavaScript', () => {
  it('forgets what an @interfaceObject adds to jobs: routers need the planner that does not', async () => {
    let jobs: ReturnType<typeof oneOfEach>;
    await inSupergraph(
      startDefaultHiveGateway,
      (world) => {
        jobs = oneOfEach(world);
        return [startOwners({ [jobs.cos.id]: 'media' }), startTickets()];
      },
      async (router) => {
        expect(await dataFrom(router, `{ cosJobs { nodes { id owner } } }`)).toEqual({
          cosJobs: { nodes: [{ id: jobs.cos.id, owner: null }] },
        });
        expect(requestsSent(router, 'owners')).toBe(0);
      },
    );
  });
});

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left).localeCompare(JSON.stringify(right));
}
