import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { type Asks, jobsOf, nodeOf, nodesOf, read, SEEN, type SeenJob } from './kept.ts';
import { batchComputeId, BUCKET, ciId, cosId, REGION } from './support.ts';

/** How long running jobs and the heads of lists are fresh under load, and how long they may be given after that. */
export const LOAD_LIFETIMES = { runningJobMs: 300, listingHeadMs: 300, staleWhileRevalidateMs: 60_000 };

const EVERY_MS = 10;
const MOST_AT_ONCE = 30;

/** What the sandbox holds, by global id: what an answer has to say. */
interface Truth {
  readonly name: string;
  readonly statuses: readonly string[];
}

export interface LoadReport {
  readonly queries: number;
  /** Every query that failed, or whose answer was wrong, in a line. */
  readonly faults: readonly string[];
  readonly worstMs: number;
  /** The calls that ask the same, more often than time to live and single flight allow. */
  readonly stampedes: readonly string[];
}

export interface LoadOptions {
  readonly sandbox: Sandbox;
  readonly replicas: readonly Asks[];
  /** Whether there are BatchCompute jobs: only warm ones, for its budget needs Redis. */
  readonly withBatchCompute: boolean;
}

/** Up to a hundred queries a second, by id and lists, some cold and some warm, each checked against what the sandbox holds. */
export class SteadyLoad {
  readonly #options: LoadOptions;
  readonly #truth = new Map<string, Truth>();
  readonly #warm: string[] = [];
  readonly #running: string[] = [];
  readonly #cold: string[] = [];
  readonly #faults: string[] = [];
  readonly #newest = new Map<string, number>();
  readonly #over = new AbortController();
  #queries = 0;
  #worstMs = 0;
  #done: Promise<unknown> = Promise.resolve();
  #startedAtMs = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { sandbox, withBatchCompute } = options;
    for (let index = 0; index < 20; index += 1) {
      this.#warm.push(this.#addCos('Complete', 'COMPLETED'), this.#addCi('Success', 'COMPLETED'));
      this.#running.push(this.#addCos('Active', 'RUNNING'), this.#addCi('Running', 'RUNNING'));
      if (withBatchCompute) {
        const jobName = `the job ${this.#truth.size}`;
        const id = batchComputeId(sandbox.batchCompute.add(REGION, { jobName }));
        this.#truth.set(id, { name: jobName, statuses: ['COMPLETED'] });
        this.#warm.push(id);
      }
    }
  }

  /** Reads what is to be warm in every replica. */
  async warmUp(): Promise<void> {
    for (const replica of this.#options.replicas) {
      this.#check(
        await nodesOf(replica, [...this.#warm, ...this.#running]),
        [...this.#warm, ...this.#running],
        replica,
      );
      await jobsOf(replica);
    }
    if (this.#faults.length > 0) {
      throw new Error(this.#faults.join('\n'));
    }
    this.#options.sandbox.clearCalls();
  }

  start(): void {
    this.#startedAtMs = performance.now();
    this.#done = this.#run();
  }

  /** Resolves when every query is answered. */
  async stop(): Promise<LoadReport> {
    this.#over.abort();
    await this.#done;
    return {
      queries: this.#queries,
      faults: this.#faults,
      worstMs: Math.round(this.#worstMs),
      stampedes: this.#stampedes(),
    };
  }

  async #run(): Promise<void> {
    const underWay = new Set<Promise<void>>();
    for (let number = 0; !this.#over.signal.aborted; number += 1) {
      // A machine that cannot keep up is not to drown.
      if (underWay.size < MOST_AT_ONCE) {
        const query = this.#query(number);
        underWay.add(query);
        void query.then(() => underWay.delete(query));
      }
      await sleep(EVERY_MS);
    }
    await Promise.all(underWay);
  }

  async #query(number: number): Promise<void> {
    const { replicas } = this.#options;
    const replica = replicas[number % replicas.length]!;
    const beganMs = performance.now();
    this.#queries += 1;
    try {
      await this.#kindOf(Math.floor(number / replicas.length))(replica, number);
    } catch (error) {
      this.#faults.push(`query ${number}: ${String(error).slice(0, 300)}`);
    }
    this.#worstMs = Math.max(this.#worstMs, performance.now() - beganMs);
  }

  #kindOf(turn: number): (replica: Asks, number: number) => Promise<void> {
    const kinds = [
      (replica: Asks, number: number) => this.#one(replica, this.#warm[number % this.#warm.length]!),
      (replica: Asks, number: number) => this.#one(replica, this.#running[number % this.#running.length]!),
      (replica: Asks) => this.#crowd(replica, this.#freshId(false)),
      (replica: Asks) => this.#crowd(replica, this.#freshId(true)),
      async (replica: Asks, number: number) => {
        const ids = [...this.#warm, ...this.#running].slice(number % 20, (number % 20) + 10);
        const begun = this.#begun(replica, ids);
        this.#check(await nodesOf(replica, ids), ids, replica, begun);
      },
      async (replica: Asks) => this.#list((await jobsOf(replica, 10)).nodes, 10),
      async (replica: Asks) =>
        this.#list(
          (
            await read<{ cosJobs: { nodes: SeenJob[] } }>(
              replica,
              `{ cosJobs(first: 10) { nodes { ${SEEN} } } }`,
            )
          ).cosJobs.nodes,
          10,
        ),
      async (replica: Asks) =>
        this.#list(
          (
            await read<{ ciJobs: { nodes: SeenJob[] } }>(
              replica,
              `{ ciJobs(first: 10) { nodes { ${SEEN} } } }`,
            )
          ).ciJobs.nodes,
          10,
        ),
    ];
    return kinds[turn % kinds.length]!;
  }

  /** Cold for all replicas, or cold for the second time: then another has read it. */
  #freshId(again: boolean): string {
    if (again && this.#cold.length > 0) {
      return this.#cold.shift()!;
    }
    const id = this.#addCos('Complete', 'COMPLETED');
    this.#cold.push(id);
    return id;
  }

  async #one(replica: Asks, id: string): Promise<void> {
    const begun = this.#begun(replica, [id]);
    this.#check([await nodeOf(replica, id)], [id], replica, begun);
  }

  /** Several callers want the same at once. */
  async #crowd(replica: Asks, id: string): Promise<void> {
    await Promise.all(Array.from({ length: 4 }, () => this.#one(replica, id)));
  }

  /** What this replica has shown already: nothing older may follow. */
  #begun(replica: Asks, ids: readonly string[]): number[] {
    return ids.map((id) => this.#newest.get(this.#nameOf(replica, id)) ?? 0);
  }

  #nameOf(replica: Asks, id: string): string {
    return `${this.#options.replicas.indexOf(replica)} ${id}`;
  }

  #check(
    jobs: readonly (SeenJob | null)[],
    ids: readonly string[],
    replica: Asks,
    begun: readonly number[] = [],
  ): void {
    for (const [index, id] of ids.entries()) {
      const job = jobs[index] ?? null;
      const fault = this.#faultOf(job, id);
      const fetchedAtMs = Date.parse(job?.freshness.fetchedAt ?? '');
      const least = begun[index] ?? 0;
      if (fault !== null) {
        this.#faults.push(fault);
      } else if (fetchedAtMs < least) {
        this.#faults.push(`${id} of ${fetchedAtMs} was shown after that of ${least}`);
      } else {
        const name = this.#nameOf(replica, id);
        this.#newest.set(name, Math.max(this.#newest.get(name) ?? 0, fetchedAtMs));
      }
    }
  }

  #list(jobs: readonly SeenJob[], count: number): void {
    if (jobs.length !== count || new Set(jobs.map(({ id }) => id)).size !== count) {
      this.#faults.push(`expected ${count} jobs on a page, got ${jobs.map(({ id }) => id).join(' ')}`);
    }
    this.#faults.push(...jobs.map((job) => this.#faultOf(job, job.id)).filter((fault) => fault !== null));
  }

  #faultOf(job: SeenJob | null, id: string): string | null {
    const truth = this.#truth.get(id);
    const isRight =
      job !== null &&
      truth !== undefined &&
      job.id === id &&
      job.displayName === truth.name &&
      truth.statuses.includes(job.status);
    const ageMs = Date.now() - Date.parse(job?.freshness.fetchedAt ?? '');
    const isNow = ageMs > -1_000 && ageMs < LOAD_LIFETIMES.staleWhileRevalidateMs;
    return isRight && isNow ? null : `expected ${id} as ${JSON.stringify(truth)}, got ${JSON.stringify(job)}`;
  }

  /** Each replica may read what it asks for once in its time to live, and once more in the flight of a lost turn. */
  #stampedes(): string[] {
    const { sandbox, replicas } = this.#options;
    const lastedMs = performance.now() - this.#startedAtMs;
    const counts = new Map<string, number>();
    for (const { upstream, action, params, jobIds } of sandbox.calls) {
      const question = `${upstream} ${action} ${JSON.stringify([params, jobIds])}`;
      counts.set(question, (counts.get(question) ?? 0) + 1);
    }
    const isOnce = (question: string): boolean => question.includes(' DescribeJob ');
    return [...counts].flatMap(([question, count]) => {
      // Different questions about a listing may be one to the upstream.
      const perReplica =
        isOnce(question) && !this.#isRunning(question) ? 1 : 2 * (lastedMs / LOAD_LIFETIMES.runningJobMs + 3);
      return count <= replicas.length * perReplica ? [] : [`${count} x ${question}`];
    });
  }

  #isRunning(question: string): boolean {
    return this.#running.some((id) =>
      question.includes(Buffer.from(id, 'base64url').toString().split(':').at(-1)!),
    );
  }

  #addCos(status: string, shown: string): string {
    const description = `the job ${this.#truth.size}`;
    const id = cosId(this.#options.sandbox.cos.add(REGION, { status, description }));
    this.#truth.set(id, { name: description, statuses: [shown] });
    return id;
  }

  #addCi(state: string, shown: string): string {
    const name = `the job ${this.#truth.size}`;
    const id = ciId(this.#options.sandbox.ci.add(BUCKET, { state, name }));
    this.#truth.set(id, { name, statuses: [shown] });
    return id;
  }
}
