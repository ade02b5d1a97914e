/** A set of jobs that changes before every read, and a reader of all of them page by page, as the merged listing reads. */
import fc from 'fast-check';
import type { JobSummary } from '../../src/model/job.ts';
import type { ScanChunk, ScanRequest } from '../../src/sources/source.ts';
import { EVERYTHING } from './scan-contract.ts';

export interface MovingJob {
  readonly jobId: string;
  readonly second: number;
  isRunning: boolean;
}

/** What happens before one read: seconds that pass, submissions, deletions, jobs that end or start again. */
export const change = fc.record({
  secondsPassed: fc.nat(2),
  submitted: fc.nat(6),
  removed: fc.array(fc.nat(300), { maxLength: 4 }),
  flipped: fc.array(fc.nat(300), { maxLength: 4 }),
});
export type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Jobs newest first, then by id or against it; `stayed` are those that were there, and running if only those are asked, all the time. */
export class MovingListing {
  jobs: MovingJob[] = [];
  readonly stayed: Set<string>;
  reads = 0;
  readonly #runningOnly: boolean;
  readonly #changes: Change[];
  readonly #prefix: string;
  #second: number;
  #issued = 0;

  constructor(
    prefix: string,
    world: { jobs: number; perSecond: number; runningOnly: boolean; changes: readonly Change[] },
  ) {
    this.#prefix = prefix;
    this.#runningOnly = world.runningOnly;
    this.#changes = [...world.changes];
    for (let index = 0; index < world.jobs; index += 1) {
      this.#submit(Math.floor(index / world.perSecond), index % 5 !== 0);
    }
    this.#second = Math.ceil(world.jobs / world.perSecond);
    this.stayed = new Set(this.matching().map(({ jobId }) => jobId));
  }

  matching(): MovingJob[] {
    return this.jobs.filter(({ isRunning }) => isRunning || !this.#runningOnly);
  }

  /** To be called when a read arrives. The first finds the listing as it was made. */
  moveOn(): void {
    this.reads += 1;
    const next = this.reads === 1 ? undefined : this.#changes.shift();
    if (next === undefined) {
      return;
    }
    this.#second += next.secondsPassed;
    for (let index = 0; index < next.submitted; index += 1) {
      this.#submit(this.#second, true);
    }
    next.removed.forEach((index) => this.jobs.splice(index % Math.max(1, this.jobs.length), 1));
    next.flipped.forEach((index) => {
      const job = this.jobs[index % Math.max(1, this.jobs.length)];
      if (job !== undefined) {
        job.isRunning = !job.isRunning;
      }
    });
    const present = new Set(this.matching().map(({ jobId }) => jobId));
    this.stayed.forEach((jobId) => {
      if (!present.has(jobId)) {
        this.stayed.delete(jobId);
      }
    });
  }

  #submit(second: number, isRunning: boolean): void {
    // A multiplicative hash scatters the ids, so that neither order of submission nor of time is the order of ids.
    const number = (this.#issued * 2_654_435_761) % 4_294_967_296;
    this.#issued += 1;
    this.jobs.push({ jobId: this.#prefix + number.toString(36).padStart(8, '0'), second, isRunning });
    this.jobs.sort((a, b) => b.second - a.second || (a.jobId < b.jobId ? -1 : 1));
  }
}

type Scan = (request: ScanRequest) => AsyncGenerator<ScanChunk<JobSummary>, void, undefined>;

/** A job, and its place where the source told one. */
interface Key {
  readonly job: JobSummary;
  readonly offset: number | null;
}

/**
 * All jobs in pages of the given sizes. Each page is a scan of its own that begins at the last job of the page before, with its
 * offset as a hint, spoilt by `spoil`. Tells the ids in order of arrival, and where a chunk broke its promises.
 */
export async function readInPages(
  scan: Scan,
  request: Partial<ScanRequest>,
  sizes: readonly number[],
  spoil: (offset: number) => number = (offset) => offset,
): Promise<{ ids: string[]; faults: string[] }> {
  const faults: string[] = [];
  const ids: string[] = [];
  let last: Key | null = null;
  for (let page = 0; page < 5_000; page += 1) {
    const asked = startingAt(last, { ...EVERYTHING, ...request, wanted: sizes[page % sizes.length]! }, spoil);
    const taken = await onePage(scan(asked), asked, last, faults);
    ids.push(...taken.map(({ job }) => job.jobId));
    last = taken.at(-1) ?? null;
    if (last === null) {
      return { ids, faults };
    }
  }
  throw new Error('the walk does not end');
}

function startingAt(key: Key | null, request: ScanRequest, spoil: (offset: number) => number): ScanRequest {
  if (key === null) {
    return request;
  }
  const offset = key.offset === null ? null : spoil(key.offset);
  return { ...request, fromMs: Date.parse(key.job.createdAt!), offset };
}

/** The first `wanted` jobs of a scan that come after the key. */
async function onePage(
  chunks: AsyncGenerator<ScanChunk<JobSummary>, void, undefined>,
  { order, wanted }: ScanRequest,
  key: Key | null,
  faults: string[],
): Promise<Key[]> {
  const taken: Key[] = [];
  let before: JobSummary | null = null;
  for await (const { jobs, offsets } of chunks) {
    if (before !== null && before.createdAt === jobs[0]?.createdAt) {
      faults.push('a second is divided');
    }
    for (const [index, job] of jobs.entries()) {
      if (before !== null && !comesAfter(job, before, order)) {
        faults.push('out of order');
      }
      before = job;
      if (key === null || comesAfter(job, key.job, order)) {
        taken.push({ job, offset: offsets?.[index] ?? null });
      }
    }
    if (taken.length >= wanted) {
      break;
    }
  }
  return taken.slice(0, wanted);
}

function comesAfter(job: JobSummary, key: JobSummary, order: ScanRequest['order']): boolean {
  const isGreater = job.createdAt === key.createdAt ? job.jobId > key.jobId : job.createdAt! > key.createdAt!;
  return job.jobId !== key.jobId && isGreater === (order === 'OLDEST_FIRST');
}
