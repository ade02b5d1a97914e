import { describe, expect, it } from 'vitest';
import { type AccountConfig, type Config, readConfig } from '../../src/config.ts';
import type { UpstreamName } from '../../src/sandbox/call-log.ts';
import { AllJobsDocument, type AllJobsQuery, AllSourcesDocument } from '../operations/generated/graphql.ts';
import { MovedClock } from '../support/moved-clock.ts';
import type { Answer, World } from '../support/world.ts';
import { addJobs, BUCKET, dataOf, inEmptyWorld, OTHER_REGION, REGION } from './support.ts';

const UPSTREAMS = ['cos', 'batchCompute', 'ci'] as const;
const SOURCES = { cos: 'COS', batchCompute: 'BATCH_COMPUTE', ci: 'CI' } as const;
const HANG = { kind: 'hang' } as const;
/** Beyond what was to be waited for: a machine with two busy cores. */
const SLACK_MS = 1_000;

function deadlines(change: Partial<Config['deadlines']>): Pick<Config, 'deadlines'> {
  return { deadlines: { ...readConfig({}).deadlines, ...change } };
}

/** One place for each source. */
function onePlaceEach(account: AccountConfig): AccountConfig {
  const { cos, batchCompute, ci } = account;
  return {
    ...account,
    cos: cos === null ? null : { ...cos, regions: [REGION] },
    batchCompute: batchCompute === null ? null : { ...batchCompute, regions: [REGION] },
    ci: ci === null ? null : { ...ci, buckets: ci.buckets.filter(({ name }) => name === BUCKET) },
  };
}

async function timed<T>(promise: Promise<T>): Promise<{ readonly answer: T; readonly tookMs: number }> {
  const startedMs = performance.now();
  const answer = await promise;
  return { answer, tookMs: performance.now() - startedMs };
}

function callsTo(world: World, upstream: UpstreamName): number {
  return world.calls().filter((call) => call.upstream === upstream).length;
}

const codesOf = ({ errors }: Answer<unknown>): unknown[] =>
  errors.map(({ extensions }) => extensions['code']);

describe('a page of all jobs while one source hangs', () => {
  it.each(UPSTREAMS)('has the others’ in the time of one origin, and one report: %s', async (hung) => {
    const originMs = 600;
    await inEmptyWorld(
      async (world) => {
        const jobIds = Object.fromEntries(
          UPSTREAMS.map((upstream) => [upstream, addJobs(world, upstream, 3)]),
        ) as Record<UpstreamName, string[]>;
        const lift = world.sandbox.faults.add({ upstream: hung, fault: HANG });
        const { answer, tookMs } = await timed(world.ask(AllJobsDocument, { first: 20 }));
        expect(answer.status).toBe(200);
        expect(tookMs).toBeGreaterThan(originMs - 10);
        expect(tookMs).toBeLessThan(originMs + SLACK_MS);

        const page = dataOf(answer).jobs!;
        const others = UPSTREAMS.filter((upstream) => upstream !== hung);
        expect(shownIn(page)).toEqual(others.flatMap((upstream) => jobIds[upstream]).toSorted());
        const failed = page.origins.filter(({ outcome }) => outcome === 'FAILED');
        expect(failed).toHaveLength(1);
        expect(failed[0]).toMatchObject({
          source: SOURCES[hung],
          error: { code: 'UPSTREAM_TIMEOUT', retryable: true },
        });

        // What was missing comes later in the walk, once.
        lift();
        expect(page.pageInfo.hasNextPage).toBe(true);
        const rest = dataOf(
          await world.ask(AllJobsDocument, { first: 20, after: page.pageInfo.endCursor ?? null }),
        ).jobs!;
        expect(shownIn(rest)).toEqual(jobIds[hung].toSorted());
        expect(rest.pageInfo.hasNextPage).toBe(false);
      },
      { account: onePlaceEach, config: deadlines({ originMs, requestMs: 5_000, attemptMs: 4_000 }) },
    );
  });

  function shownIn(page: NonNullable<AllJobsQuery['jobs']>): string[] {
    return page.edges.map(({ node }) => node.jobId).toSorted();
  }
});

describe('thirty queries of an origin that hangs', () => {
  it.each(UPSTREAMS)('do not keep others from being answered: %s', async (hung) => {
    await inEmptyWorld(
      async (world) => {
        UPSTREAMS.forEach((upstream) => addJobs(world, upstream, 3));
        addJobs(world, 'cos', 3, { place: OTHER_REGION });
        addJobs(world, 'batchCompute', 3, { place: OTHER_REGION });
        world.sandbox.faults.add({
          upstream: hung,
          fault: HANG,
          ...(hung === 'ci' ? { bucket: BUCKET } : { region: REGION }),
        });
        // Different questions, so that each is a call of its own.
        const waiting = new Set(Array.from({ length: 30 }, (_, index) => index));
        const hanging = [...waiting].map(async (index) => {
          const answer = await world.askText(listing(hung, index + 1));
          waiting.delete(index);
          return answer;
        });
        await expect.poll(() => callsTo(world, hung)).toBeGreaterThan(0);

        const others = [
          ...UPSTREAMS.filter((upstream) => upstream !== hung).map((upstream) => listing(upstream, 2)),
          `{ page: cosJobs(first: 2, region: "${OTHER_REGION}") { nodes { jobId } } }`,
          `{ page: batchComputeJobs(first: 2, region: "${OTHER_REGION}") { nodes { jobId } } }`,
        ];
        const durationsMs: number[] = [];
        for (let round = 0; round < 5; round += 1) {
          for (const query of others) {
            const { answer, tookMs } = await timed(world.askText(query));
            expect(dataOf(answer)).toMatchObject({ page: { nodes: [{}, {}] } });
            durationsMs.push(tookMs);
          }
        }
        // By now they would have been, had they waited for one that hangs.
        expect(durationsMs.toSorted((a, b) => a - b).at(durationsMs.length / 2)).toBeLessThan(100);
        expect(Math.max(...durationsMs)).toBeLessThan(SLACK_MS);
        expect(waiting.size).toBeGreaterThan(0);

        const answers = await Promise.all(hanging);
        expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200));
        for (const { errors } of answers) {
          expect(errors).toHaveLength(1);
          expect(errors[0]?.extensions).toMatchObject({ source: SOURCES[hung], retryable: true });
          expect(errors[0]?.extensions['code']).toMatch(/^UPSTREAM_(TIMEOUT|UNAVAILABLE|RATE_LIMITED)$/);
        }
      },
      { config: deadlines({ requestMs: 4_000, attemptMs: 3_500 }) },
    );
  });

  function listing(upstream: UpstreamName, first: number): string {
    const place = upstream === 'ci' ? `bucket: "${BUCKET}"` : `region: "${REGION}"`;
    const field = { cos: 'cosJobs', batchCompute: 'batchComputeJobs', ci: 'ciJobs' }[upstream];
    return `{ page: ${field}(first: ${first}, ${place}) { nodes { jobId } } }`;
  }
});

describe('when all sources hang', () => {
  it('there are three errors with codes by the deadline, and HTTP is fine', async () => {
    const requestMs = 800;
    await inEmptyWorld(
      async (world) => {
        UPSTREAMS.forEach((upstream) => world.sandbox.faults.add({ upstream, fault: HANG }));
        const { answer, tookMs } = await timed(world.ask(AllSourcesDocument, { first: 3 }));
        expect(tookMs).toBeLessThan(requestMs + SLACK_MS);
        expect([answer.status, codesOf(answer)]).toEqual([200, Array(3).fill('UPSTREAM_TIMEOUT')]);
        const fields = answer.errors.map(({ path }) => String(path));
        expect(fields.toSorted()).toEqual(['batchComputeJobs', 'ciJobs', 'cosJobs']);
      },
      { config: deadlines({ requestMs }) },
    );
  });

  it('they are left alone after a while, answers are quick, and one call each finds out that they are back', async () => {
    const clock = new MovedClock();
    await inEmptyWorld(
      async (world) => {
        const { faults } = world.sandbox;
        UPSTREAMS.forEach((upstream) => addJobs(world, upstream, 3));
        UPSTREAMS.forEach((upstream) => faults.add({ upstream, fault: HANG }));
        const countCalls = (): number[] => UPSTREAMS.map((upstream) => callsTo(world, upstream));
        // Different questions, so that none is answered by another’s call.
        let asked = 0;
        const ask = (): Promise<Answer<object>> => world.ask(AllSourcesDocument, { first: (asked += 1) });

        await expect
          .poll(async () => codesOf(await ask()), { timeout: 15_000 })
          .toEqual(Array(3).fill('UPSTREAM_UNAVAILABLE'));

        // Open: nobody is asked, and nobody waits.
        const whenOpen = countCalls();
        const durationsMs: number[] = [];
        for (let count = 0; count < 15; count += 1) {
          const { answer, tookMs } = await timed(ask());
          durationsMs.push(tookMs);
          expect([answer.status, codesOf(answer)]).toEqual([200, Array(3).fill('UPSTREAM_UNAVAILABLE')]);
          for (const { extensions, message } of answer.errors) {
            expect(extensions).toMatchObject({ retryable: true, retryAfterMs: expect.any(Number) });
            expect(extensions['retryAfterMs']).toBeGreaterThan(0);
            expect(extensions['retryAfterMs']).toBeLessThanOrEqual(60_000);
            expect(message).toContain('ask again in');
          }
        }
        expect(durationsMs.toSorted((a, b) => a - b).at(7)).toBeLessThan(20);
        expect(countCalls()).toEqual(whenOpen);

        // One probe each, which fails; nobody else goes meanwhile, or after it.
        clock.movedMs += 60_000;
        const whileProbing = await Promise.all([ask(), ask(), ask(), ask(), ask()]);
        expect(whileProbing.map(codesOf).filter((codes) => codes.includes('UPSTREAM_TIMEOUT'))).toHaveLength(
          1,
        );
        await ask();
        expect(countCalls()).toEqual(whenOpen.map((count) => count + 1));

        // Back, though slowly: still one call each, and then all.
        faults.clear();
        UPSTREAMS.forEach((upstream) =>
          faults.add({ upstream, times: 1, fault: { kind: 'slow', delayMs: 100 } }),
        );
        clock.movedMs += 60_000;
        const answers = await Promise.all([ask(), ask(), ask(), ask(), ask()]);
        expect(answers.filter(({ errors }) => errors.length === 0)).toHaveLength(1);
        expect(answers.filter(({ errors }) => errors.length === 3)).toHaveLength(4);
        expect(countCalls()).toEqual(whenOpen.map((count) => count + 2));
        dataOf(await ask());
        expect(countCalls()).toEqual(whenOpen.map((count) => count + 3));
      },
      {
        parts: { clock },
        config: {
          ...deadlines({ requestMs: 2_000, attemptMs: 300 }),
          breaker: { ...readConfig({}).breaker, openMs: 60_000 },
        },
      },
    );
  });
});
