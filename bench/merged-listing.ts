/**
 * What does the merged listing of all jobs cost? Two questions, two tables.
 *
 * 1. The merge alone: a whole walk over scans that are in memory, in jobs per second, and as a ratio, in the same run, to
 *    one plain sort of the same jobs by the same keys.
 * 2. The calls to the upstreams, counted by simulated ones on real sockets: for a first page and for the four behind it.
 *
 * Both with 5 origins of 2,000 jobs each. Ends within a minute.
 */
import { createApp } from '../src/app.ts';
import { sandboxAccount } from '../src/commands/sandbox-account.ts';
import { readConfig } from '../src/config.ts';
import type { JobFilter } from '../src/jobs/job-filter.ts';
import { compareKeys, keyOf } from '../src/jobs/job-key.ts';
import { listJobs } from '../src/jobs/listing.ts';
import { type Job, Origins, type ScannableSource } from '../src/jobs/origins.ts';
import { systemClock } from '../src/lib/clock.ts';
import { chunksOfSeconds, type JobOrder, sortedJobs, wantedAmong } from '../src/model/job-order.ts';
import type { Origin } from '../src/model/origin.ts';
import { createRandom } from '../src/sandbox/random.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import type { CosJob } from '../src/sources/cos/model.ts';
import type { ScanChunk, ScanRequest } from '../src/sources/source.ts';

const ORIGINS = 5;
const JOBS_PER_ORIGIN = 2_000;
const JOBS = ORIGINS * JOBS_PER_ORIGIN;
const ROUNDS = 7;
const ORDERS: readonly JobOrder[] = ['NEWEST_FIRST', 'OLDEST_FIRST'];
/** Over four hours: now and then several jobs share a second, within an origin and across them. */
const SPREAD_SECONDS = 14_400;
const OLDEST_MS = Math.floor(Date.now() / 1_000) * 1_000 - (SPREAD_SECONDS + 3_600) * 1_000;

const NO_FILTER: JobFilter = {
  sources: null,
  accounts: null,
  regions: null,
  statuses: null,
  createdAfter: null,
  createdBefore: null,
  text: null,
};

function creationTimes(label: string): number[] {
  const random = createRandom(1, label);
  return Array.from(
    { length: JOBS_PER_ORIGIN },
    () => OLDEST_MS + random.integer(0, SPREAD_SECONDS - 1) * 1_000,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** An origin that has its jobs in memory, newest first, and gives them as the snapshot of a COS listing does. */
class InMemoryOrigin implements ScannableSource {
  readonly origin: Origin;
  readonly jobs: readonly Job[];

  constructor(region: string) {
    this.origin = { source: 'COS', account: 'bench', region, bucket: null };
    const jobs = creationTimes(region).map((ms, index) => toJob(region, `${region}-job-${index}`, ms));
    this.jobs = sortedJobs(jobs, 'NEWEST_FIRST');
  }

  async *scan(request: ScanRequest): AsyncGenerator<ScanChunk<Job>, void, undefined> {
    const jobs = wantedAmong(this.jobs, request);
    for (const chunk of chunksOfSeconds(jobs, Math.max(request.wanted, 100))) {
      yield {
        jobs: chunk,
        offsets: null,
        totalCount: this.jobs.length,
        fetchedAt: '2026-01-01T00:00:00.000Z',
        outcome: 'CACHED',
      };
    }
  }
}

function toJob(region: string, jobId: string, createdAtMs: number): CosJob {
  return {
    source: 'COS',
    account: 'bench',
    region,
    jobId,
    name: null,
    description: `about ${jobId}`,
    status: 'COMPLETED',
    upstreamStatus: 'Complete',
    isFinished: true,
    priority: 1,
    createdAt: `${new Date(createdAtMs).toISOString().slice(0, 19)}Z`,
    startedAt: null,
    endedAt: null,
    progress: null,
    fetchedAt: '2026-01-01T00:00:00.000Z',
    operationName: 'COSDeleteObject',
  };
}

class InMemoryOrigins extends Origins {
  readonly #sources: readonly InMemoryOrigin[];

  constructor(sources: readonly InMemoryOrigin[]) {
    super({ cos: [], batchCompute: [], ci: [] });
    this.#sources = sources;
  }

  override all(): readonly Origin[] {
    return this.#sources.map(({ origin }) => origin);
  }

  override scannable(): readonly ScannableSource[] {
    return this.#sources;
  }
}

/** Reads the whole listing page by page; gives its ids. `readsCursors`: every edge's cursor is read, not the last one's alone. */
async function walk(
  origins: Origins,
  orderBy: JobOrder,
  limit: number,
  readsCursors: boolean,
): Promise<string[]> {
  const ids: string[] = [];
  let after: string | null = null;
  for (;;) {
    const { edges, pageInfo } = await listJobs(
      origins,
      { filter: NO_FILTER, orderBy, page: { limit, backwards: false, after, before: null } },
      { originMs: 60_000, maxScannedJobs: JOBS },
      systemClock,
      { signal: new AbortController().signal, deadlineMs: Date.now() + 60_000 },
    );
    edges.forEach(({ node }) => ids.push(node.jobId));
    if (readsCursors && edges.some(({ cursor }) => cursor === '')) {
      throw new Error('expected a cursor on every edge, got an empty one');
    }
    if (!pageInfo.hasNextPage) {
      return ids;
    }
    after = pageInfo.endCursor;
  }
}

/** What any listing in this order has to do at least once: the keys of jobs that stand in no order, sorted. */
function plainSort(unsorted: readonly { readonly job: Job; readonly origin: Origin }[]): string[] {
  return unsorted
    .map(({ job, origin }) => keyOf(job, origin))
    .toSorted((a, b) => compareKeys(a, b, 'NEWEST_FIRST'))
    .map(({ jobId }) => jobId);
}

async function benchMerge(): Promise<void> {
  const sources = Array.from({ length: ORIGINS }, (_, index) => new InMemoryOrigin(`region-${index}`));
  const origins = new InMemoryOrigins(sources);
  // By id, as COS lists: a sort is faster on what is in order already.
  const unsorted = sources
    .flatMap(({ jobs, origin }) => jobs.map((job) => ({ job, origin })))
    .toSorted((a, b) => (a.job.jobId < b.job.jobId ? -1 : 1));
  const cases = [20, 500].flatMap((size) =>
    [false, true].map((readsCursors) => ({
      size,
      readsCursors,
      mergeMs: [] as number[],
      sortMs: [] as number[],
    })),
  );
  for (const { size, readsCursors } of cases) {
    const [walked, sorted] = [await walk(origins, 'NEWEST_FIRST', size, readsCursors), plainSort(unsorted)];
    if (walked.join() !== sorted.join()) {
      throw new Error(`expected the walk by ${size} to give the ${JOBS} jobs in order`);
    }
  }
  // Rounds go through all cases in turn, so that a noisy moment falls on all of them.
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { size, readsCursors, mergeMs, sortMs } of cases) {
      const startedMs = performance.now();
      await walk(origins, 'NEWEST_FIRST', size, readsCursors);
      const walkedMs = performance.now();
      plainSort(unsorted);
      sortMs.push(performance.now() - walkedMs);
      mergeMs.push(walkedMs - startedMs);
    }
  }
  console.log(
    `\n1. The merge alone: whole walks newest first over ${ORIGINS} in-memory origins of ${JOBS_PER_ORIGIN} jobs, medians of ${ROUNDS} rounds`,
  );
  console.table(
    cases.map(({ size, readsCursors, mergeMs, sortMs }) => ({
      'page size': size,
      'cursors read': readsCursors ? 'of every edge' : 'of each page',
      'jobs/s': Math.round(JOBS / (median(mergeMs) / 1_000)),
      'µs/page': Math.round((median(mergeMs) * 1_000) / (JOBS / size)),
      'plain sort, jobs/s': Math.round(JOBS / (median(sortMs) / 1_000)),
      'time, as a ratio to the sort': Number(
        median(mergeMs.map((ms, round) => ms / (sortMs[round] ?? Number.NaN))).toFixed(1),
      ),
    })),
  );
  console.log(
    [
      'Noise: jobs/s and µs/page are those of this machine at this moment; the ratio moves less, for both sides ran in',
      'the same rounds, but still by some tens of per cent on a busy one.',
      'Not to be concluded: that a request is as fast as this, since upstream calls, GraphQL and JSON are not in it; nor',
      'that a sort could take the merge’s place: it needs all jobs at hand, a page needs the next few of each origin.',
    ].join('\n'),
  );
}

const QUERY = `query ($first: Int, $after: String, $orderBy: JobOrder) {
  jobs(first: $first, after: $after, orderBy: $orderBy) {
    nodes { jobId createdAt }
    pageInfo { hasNextPage endCursor }
    origins { outcome }
  }
}`;

interface Answer {
  readonly data?: {
    readonly jobs: {
      readonly nodes: readonly { readonly jobId: string }[];
      readonly pageInfo: { readonly endCursor: string };
      readonly origins: readonly { readonly outcome: string }[];
    } | null;
  };
}

function fill({ cos, batchCompute, ci, regions, buckets }: Sandbox): void {
  for (const region of regions) {
    creationTimes(`cos ${region}`).forEach((createdAtMs) => cos.add(region, { createdAtMs }));
    creationTimes(`batch ${region}`).forEach((createdAtMs) => batchCompute.add(region, { createdAtMs }));
  }
  for (const { name } of buckets) {
    creationTimes(`ci ${name}`).forEach((createdAtMs) => ci.add(name, { createdAtMs }));
  }
}

interface Cost {
  readonly order: JobOrder;
  readonly 'page size': number;
  readonly pages: string;
  readonly COS: number;
  readonly BatchCompute: number;
  readonly CI: number;
  readonly 'all calls': number;
  readonly ms: number;
}

/** The calls of a walk's first five pages, through a gateway that knows nothing yet. */
async function countCalls(sandbox: Sandbox, orderBy: JobOrder, first: number): Promise<Cost[]> {
  const defaults = readConfig({});
  const app = createApp({
    ...defaults,
    accounts: [sandboxAccount(sandbox, 1_000)],
    deadlines: { ...defaults.deadlines, requestMs: 60_000, originMs: 60_000 },
  });
  let after: string | null = null;
  const seen = new Set<string>();
  const readPages = async (pages: string, count: number): Promise<Cost> => {
    sandbox.clearCalls();
    const startedMs = performance.now();
    for (let page = 0; page < count; page += 1) {
      const response = await app.fetch(
        new Request('http://gateway/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query: QUERY, variables: { first, after, orderBy } }),
        }),
      );
      const { data } = (await response.json()) as Answer;
      const jobs = data?.jobs;
      if (jobs?.nodes.length !== first || jobs.origins.some(({ outcome }) => outcome === 'FAILED')) {
        throw new Error(`expected a full page of all origins, got ${JSON.stringify(data).slice(0, 500)}`);
      }
      jobs.nodes.forEach(({ jobId }) => seen.add(jobId));
      after = jobs.pageInfo.endCursor;
    }
    const ms = Math.round(performance.now() - startedMs);
    const callsTo = (upstream: string): number =>
      sandbox.calls.filter((call) => call.upstream === upstream).length;
    return {
      order: orderBy,
      'page size': first,
      pages,
      COS: callsTo('cos'),
      BatchCompute: callsTo('batchCompute'),
      CI: callsTo('ci'),
      'all calls': sandbox.calls.length,
      ms,
    };
  };
  try {
    const costs = [await readPages('first', 1), await readPages('next four', 4)];
    if (seen.size !== 5 * first) {
      throw new Error(`expected ${5 * first} different jobs on five pages, got ${seen.size}`);
    }
    return costs;
  } finally {
    await app.close();
  }
}

async function benchCalls(): Promise<void> {
  const sandbox = await startSandbox({
    world: 'empty',
    regions: ['ap-guangzhou', 'ap-shanghai'],
    buckets: [{ name: 'bucket-1250000000', region: 'ap-beijing' }],
    batchComputeRequestsPerSecond: null,
  });
  try {
    fill(sandbox);
    const rows: Cost[] = [];
    for (const order of ORDERS) {
      for (const size of [20, 100]) {
        rows.push(...(await countCalls(sandbox, order, size)));
      }
    }
    console.log(
      `\n2. Upstream calls: 2 COS regions, 2 BatchCompute regions, 1 CI bucket, ${JOBS_PER_ORIGIN} jobs each, without BatchCompute’s limit of calls a second`,
    );
    console.table(rows);
    console.log(
      [
        'Exact: the calls, for these jobs and as long as the four pages follow the first one within the few seconds for',
        'which a snapshot of a whole listing is shared; later, or after a pause, a snapshot costs what it does on a first page.',
        'Noise: ms, which is one single measurement against upstreams in this very process that answer at once.',
        'Not to be concluded: how long a page takes in the field. Real upstreams are far away, and BatchCompute grants two',
        'calls a second, so that its calls in this table, halved, are seconds.',
      ].join('\n'),
    );
  } finally {
    await sandbox.close();
  }
}

await benchMerge();
await benchCalls();
