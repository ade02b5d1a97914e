import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, type JobKey } from '../../src/jobs/job-key.ts';
import type { JobOrder } from '../../src/model/job-order.ts';
import type { Origin } from '../../src/model/origin.ts';
import { lifeOf } from '../../src/sandbox/life.ts';
import { AllJobsDocument, type AllJobsQuery, type JobFilter } from '../operations/generated/graphql.ts';
import { MovedClock } from '../support/moved-clock.ts';
import { type Answer, startWorld, type World } from '../support/world.ts';

/** How many random worlds; more by the environment: `WORLDS=5000 npx vitest run test/e2e/merged-walks.test.ts`. */
const WORLDS = Number(process.env['WORLDS'] ?? 250);

const REGIONS = ['ap-guangzhou', 'ap-shanghai'];
const BUCKETS = [
  { name: 'bucket-1250000000', region: 'ap-beijing' },
  { name: 'media-1250000000', region: 'ap-shanghai' },
];
/** A region of COS or BatchCompute, or a bucket of CI. */
interface Place {
  readonly source: 'COS' | 'BATCH_COMPUTE' | 'CI';
  readonly place: string;
}
const PLACES: readonly Place[] = [
  ...REGIONS.map((place) => ({ source: 'COS' as const, place })),
  ...REGIONS.map((place) => ({ source: 'BATCH_COMPUTE' as const, place })),
  ...BUCKETS.map(({ name }) => ({ source: 'CI' as const, place: name })),
];
/** The running and the ended state of each source. */
const STATES = {
  COS: ['Active', 'Complete'],
  BATCH_COMPUTE: ['RUNNING', 'SUCCEED'],
  CI: ['Running', 'Success'],
} as const;

/** A job as the model knows it: what the sandbox was told, and nothing that the gateway said. */
interface ModelJob {
  readonly id: string;
  readonly place: Place;
  readonly createdAtMs: number;
  /** When it ends; it runs until then. */
  readonly endsAtMs: number;
  readonly label: string;
}

const placeIndex = fc.nat(PLACES.length - 1);
const change = fc.record({
  secondsPassed: fc.constantFrom(0, 1, 7, 40),
  submitted: fc.array(placeIndex, { maxLength: 5 }),
  removed: fc.array(fc.nat(80), { maxLength: 3 }),
  failing: fc.array(placeIndex, { maxLength: 3 }),
});
const filter = fc.record({
  sources: fc.option(fc.subarray(['COS', 'BATCH_COMPUTE', 'CI'] as const, { minLength: 1 }), { freq: 1 }),
  regions: fc.option(fc.subarray(['ap-guangzhou', 'ap-shanghai', 'ap-beijing'], { minLength: 1 }), {
    freq: 2,
  }),
  statuses: fc.option(fc.subarray(['RUNNING', 'COMPLETED'] as const, { minLength: 1 }), { freq: 1 }),
  createdAfterS: fc.option(fc.nat(30), { freq: 1 }),
  createdBeforeS: fc.option(fc.nat(60), { freq: 1 }),
  text: fc.option(fc.constantFrom('even', 'ODD', 'job'), { freq: 1 }),
});
const world = fc.record({
  jobs: fc.array(fc.tuple(placeIndex, fc.nat(40), fc.nat(90)), { minLength: 8, maxLength: 60 }),
  sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
  orderBy: fc.constantFrom<JobOrder[]>('NEWEST_FIRST', 'OLDEST_FIRST'),
  backwards: fc.boolean(),
  fails: fc.boolean(),
  filter: fc.option(filter, { nil: null, freq: 1 }),
  changes: fc.array(change, { maxLength: 6 }),
});
type Given = typeof world extends fc.Arbitrary<infer T> ? T : never;

class Model {
  readonly jobs: ModelJob[] = [];
  readonly startMs: number;
  readonly #world: World;
  readonly #clock: MovedClock;

  constructor(running: World, clock: MovedClock) {
    this.#world = running;
    this.#clock = clock;
    this.startMs = Math.floor(clock.now() / 1_000) * 1_000 - 100_000;
  }

  submit(place: Place, createdAtMs: number, runsMs: number): void {
    const label = `job ${this.jobs.length % 2 === 0 ? 'even' : 'odd'} ${this.jobs.length}`;
    const [running, ended] = STATES[place.source];
    const life = lifeOf([{ status: running, forMs: runsMs }], ended);
    const { cos, batchCompute, ci } = this.#world.sandbox;
    const id =
      place.source === 'COS'
        ? cos.add(place.place, { createdAtMs, description: label, life })
        : place.source === 'CI'
          ? ci.add(place.place, { createdAtMs, name: label, life })
          : batchCompute.add(place.place, {
              createdAtMs,
              jobName: label,
              tasks: [{ name: 't', instances: 1, life, showsTimes: true }],
            });
    this.jobs.push({ id, place, createdAtMs, endsAtMs: createdAtMs + runsMs, label });
  }

  remove(index: number): void {
    const [job] = this.jobs.splice(index % Math.max(1, this.jobs.length), 1);
    if (job?.place.source === 'CI') {
      // CI has no deletion.
      this.jobs.push(job);
      return;
    }
    if (job !== undefined) {
      const control = job.place.source === 'COS' ? this.#world.sandbox.cos : this.#world.sandbox.batchCompute;
      control.remove(job.place.place, job.id);
    }
  }

  /** The ids of the jobs that match now. */
  matching(wanted: JobFilter): Set<string> {
    const { sources, regions, statuses, createdAfter, createdBefore, text } = wanted;
    const nowMs = this.#clock.now();
    const regionOf = ({ source, place }: Place): string =>
      source === 'CI' ? (BUCKETS.find(({ name }) => name === place)?.region ?? '') : place;
    return new Set(
      this.jobs
        .filter(({ place }) => sources?.includes(place.source) ?? true)
        .filter(({ place }) => regions?.includes(regionOf(place)) ?? true)
        .filter(({ endsAtMs }) => statuses?.includes(nowMs < endsAtMs ? 'RUNNING' : 'COMPLETED') ?? true)
        .filter(({ createdAtMs }) => createdAtMs >= Date.parse(createdAfter ?? '1970-01-01T00:00:00Z'))
        .filter(({ createdAtMs }) => createdAtMs < Date.parse(createdBefore ?? '2999-01-01T00:00:00Z'))
        .filter(({ label }) => label.includes((text ?? '').toLowerCase()))
        .map(({ id }) => id),
    );
  }
}

function toFilter(given: Given['filter'], startMs: number): JobFilter {
  const at = (seconds: number | null): string | null =>
    seconds === null ? null : new Date(startMs + seconds * 1_000).toISOString();
  return given === null
    ? {}
    : {
        sources: given.sources,
        regions: given.regions,
        statuses: given.statuses,
        createdAfter: at(given.createdAfterS),
        createdBefore: at(given.createdBeforeS),
        text: given.text,
      };
}

function fail(running: World, places: readonly (Place | undefined)[]): void {
  running.sandbox.faults.clear();
  places.forEach((place) => {
    if (place?.source === 'CI') {
      running.sandbox.faults.add({
        upstream: 'ci',
        bucket: place.place,
        fault: { kind: 'error', code: 'AccessDenied', status: 403 },
      });
    } else if (place !== undefined) {
      const upstream = place.source === 'COS' ? 'cos' : 'batchCompute';
      const code = upstream === 'cos' ? 'AccessDenied' : 'UnauthorizedOperation';
      running.sandbox.faults.add({
        upstream,
        region: place.place,
        fault: { kind: 'error', code, ...(upstream === 'cos' ? { status: 403 } : {}) },
      });
    }
  });
}

type Shown = NonNullable<AllJobsQuery['jobs']>['edges'][number]['node'];

function keyOf(node: Shown): JobKey {
  const { source, account, region } = node;
  const origin: Origin = { source, account, region, bucket: 'bucket' in node ? node.bucket : null };
  return { createdAtMs: Date.parse(node.createdAt ?? ''), origin, jobId: node.jobId };
}

describe('a walk through the jobs of all origins over the wire', () => {
  it('loses no job that matched all the time, repeats none, shows none that never matched, and is in order wherever no origin was owed', async ({
    annotate,
  }) => {
    let walks = 0;
    let pages = 0;
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const clock = new MovedClock();
        const running = await startWorld({
          sandbox: { world: 'empty', clock, regions: REGIONS, buckets: BUCKETS },
          parts: { clock },
        });
        try {
          const model = new Model(running, clock);
          given.jobs.forEach(([place, second, runsS]) => {
            model.submit(PLACES[place] as Place, model.startMs + second * 1_000, runsS * 1_000);
          });
          const wanted = toFilter(given.filter, model.startMs);
          const { backwards, orderBy, sizes } = given;
          let always = model.matching(wanted);
          const ever = new Set(always);
          const shown: Shown[] = [];
          let cursor: string | null = null;
          let wasOwed = false;
          walks += 1;
          for (let page = 0; ; page += 1) {
            expect(page, 'the walk ends').toBeLessThan(200);
            pages += 1;
            const now = given.changes[page];
            if (now !== undefined) {
              clock.movedMs += now.secondsPassed * 1_000;
              const second = Math.floor(clock.now() / 1_000) * 1_000;
              now.submitted.forEach((place) => model.submit(PLACES[place] as Place, second, 5_000));
              now.removed.forEach((index) => model.remove(index));
              const matching = model.matching(wanted);
              matching.forEach((id) => ever.add(id));
              always = new Set([...always].filter((id) => matching.has(id)));
            }
            fail(running, given.fails ? (now?.failing.map((index) => PLACES[index]) ?? []) : []);
            const limit = sizes[page % sizes.length] ?? 5;
            const reply: Answer<AllJobsQuery> = await running.ask(AllJobsDocument, {
              filter: wanted,
              orderBy,
              ...(backwards ? { last: limit, before: cursor } : { first: limit, after: cursor }),
            });
            const answer: AllJobsQuery['jobs'] = reply.data?.jobs ?? null;
            if (answer === null) {
              expect(reply.errors[0]?.extensions['code']).toBe('UPSTREAM_FORBIDDEN');
              wasOwed = true;
              continue;
            }
            expect(reply.errors).toEqual([]);
            expect(answer.edges.length).toBeLessThanOrEqual(limit);
            const nodes = answer.edges.map(({ node }) => node);
            shown.push(...(backwards ? nodes.toReversed() : nodes));
            const isOwed = answer.origins.some(({ outcome }) => outcome === 'FAILED');
            wasOwed ||= isOwed;
            const goesOn = backwards ? answer.pageInfo.hasPreviousPage : answer.pageInfo.hasNextPage;
            expect(goesOn || !isOwed, 'a page with an owed origin promises more').toBe(true);
            if (!goesOn) {
              break;
            }
            cursor = (backwards ? answer.pageInfo.startCursor : answer.pageInfo.endCursor) ?? null;
            expect(cursor?.length ?? 0).toBeLessThanOrEqual(1_024);
          }
          const ids = shown.map(({ jobId }) => jobId);
          expect(new Set(ids).size, 'a job is repeated').toBe(ids.length);
          expect(
            [...always].filter((id) => !ids.includes(id)),
            'jobs are lost',
          ).toEqual([]);
          expect(
            ids.filter((id) => !ever.has(id)),
            'jobs are shown that never matched',
          ).toEqual([]);
          if (!wasOwed) {
            const order: JobOrder =
              (orderBy === 'NEWEST_FIRST') === backwards ? 'OLDEST_FIRST' : 'NEWEST_FIRST';
            const disorder = shown.filter((node, index) => {
              const next = shown[index + 1];
              return next !== undefined && compareKeys(keyOf(node), keyOf(next), order) >= 0;
            });
            expect(disorder, 'the order is strict').toEqual([]);
          }
        } finally {
          await running.close();
        }
      }),
      { numRuns: WORLDS, seed: 20_260_103 },
    );
    await annotate(`${walks} walks of ${pages} pages`);
  }, 600_000);
});
