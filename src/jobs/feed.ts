import type { Origin } from '../model/origin.ts';
import { originKey } from '../model/origin.ts';
import { GatewayError } from '../model/errors.ts';
import type { ScanChunk, ScanRequest } from '../sources/source.ts';
import type { CallScope } from '../lib/call-scope.ts';
import { compareKeys, type JobKey, keyOf, laterOf } from './job-key.ts';
import type { JobOrder } from '../model/job-order.ts';
import type { Job, ScannableSource } from './origins.ts';

export interface FeedOptions {
  readonly source: ScannableSource;
  readonly order: JobOrder;
  /** Only what comes after this place; null: from the beginning. */
  readonly start: JobKey | null;
  /** Whether the job at `start` itself is wanted too. */
  readonly startIncluded: boolean;
  readonly request: ScanRequest;
  readonly scope: CallScope;
  /** What the scan cannot filter by. */
  readonly matches: (job: Job) => boolean;
  /** How many jobs, in chunks of which none matches, may be looked at before the feed gives up for this page. */
  readonly maxScanned: number;
}

interface Entry {
  readonly job: Job;
  readonly key: JobKey;
  readonly offset: number | null;
}

/**
 * The jobs of one origin from a place on, one by one. It is *live* until its scan throws (`error`), and *cut* when it has
 * looked at `maxScanned` jobs without giving one; both leave `at` where a later page can go on.
 */
export class Feed {
  readonly key: string;
  readonly origin: Origin;
  /** Everything of this origin up to here has been given or does not match. */
  at: JobKey | null;
  /** The hint for a scan that goes on at `at`. */
  offset: number | null;
  error: GatewayError | null = null;
  isCut = false;
  /** Facts of the first chunk: when it was received, and how many there are in all. */
  first: Pick<ScanChunk<Job>, 'fetchedAt' | 'totalCount'> | null = null;
  /** That of the first chunk, unless a later one is stale. */
  outcome: ScanChunk<Job>['outcome'] = 'FRESH';

  readonly #options: FeedOptions;
  readonly #scan: AsyncGenerator<ScanChunk<Job>, void, undefined>;
  #entries: Entry[] = [];
  #next = 0;
  #isDone = false;
  #inVain = 0;

  constructor(options: FeedOptions) {
    const { source, start, request, scope } = options;
    this.origin = source.origin;
    this.key = originKey(source.origin);
    this.at = start;
    this.offset = request.offset;
    this.#options = options;
    this.#scan = source.scan(request, scope);
  }

  /** The next job, or null: then the feed needs `fill()`, or has ended, failed or been cut. */
  get head(): Entry | null {
    return this.#entries[this.#next] ?? null;
  }

  /** Whether asking for more may give more. */
  get needsFill(): boolean {
    return this.head === null && !this.#isDone && this.error === null && !this.isCut;
  }

  /** Reads chunks until there is a head, an end, an error or a cut. Throws only what is no fault of an upstream. */
  async fill(): Promise<void> {
    while (this.needsFill) {
      try {
        const step = await this.#scan.next();
        if (step.done === true) {
          this.#isDone = true;
        } else {
          this.#take(step.value);
        }
      } catch (error) {
        if (!(error instanceof GatewayError)) {
          throw error;
        }
        this.error = error;
      }
    }
  }

  /** Gives the head and moves on. */
  shift(): Job {
    const { head } = this;
    if (head === null) {
      throw new RangeError('expected a head, got none');
    }
    this.#next += 1;
    this.at = head.key;
    this.offset = head.offset === null ? this.offset : head.offset + 1;
    return head.job;
  }

  /** Nothing of this origin is left before this place. */
  passed(key: JobKey): void {
    this.at = laterOf(this.at, key, this.#options.order);
  }

  async close(): Promise<void> {
    await this.#scan.return();
  }

  #take(chunk: ScanChunk<Job>): void {
    const { order, start, startIncluded, matches, maxScanned } = this.#options;
    if (this.first === null || chunk.outcome === 'STALE') {
      this.outcome = chunk.outcome;
    }
    this.first ??= chunk;
    const read = chunk.jobs
      .map((job, index) => ({ job, key: keyOf(job, this.origin), offset: chunk.offsets?.[index] ?? null }))
      .filter(({ key }) => {
        const place = start === null ? 1 : compareKeys(key, start, order);
        return place > 0 || (startIncluded && place === 0);
      });
    this.#entries = read.filter(({ job }) => matches(job));
    this.#next = 0;
    const last = read.at(-1);
    if (this.#entries.length === 0 && last !== undefined) {
      this.at = laterOf(this.at, last.key, order);
      this.offset = last.offset === null ? this.offset : last.offset + 1;
      this.#inVain += read.length;
      this.isCut = this.#inVain >= maxScanned;
    }
  }
}
