import { encodeGlobalId, type JobRef } from '../../src/model/global-id.ts';
import { createRandom, type Random } from '../../src/sandbox/random.ts';
import type { SandboxFacts, UpstreamsReady } from '../cache/upstreams.ts';

/** One question of a client. */
export interface Query {
  readonly body: string;
  /** How many jobs it asks for by id; a list is one value per origin that answers. */
  readonly jobs: number;
  /** The list whose next page its end cursor leads to; null for a second page, or none. */
  readonly list: string | null;
}

/** The mix, in parts of all. */
const LISTS = 0.3;
const OF_ALL_SOURCES = 0.4;
const SECOND_PAGES = 0.2;
const SINGLE = 0.5;
const MAX_NODES = 10;

const JOB = 'id jobId source status displayName createdAt progress { percent } freshness { fetchedAt }';
const PAGE = `nodes { ${JOB} } pageInfo { hasNextPage endCursor } origins { source outcome fetchedAt }`;
const QUERIES = {
  job: `query ($id: ID!) { job(id: $id) { ${JOB} } }`,
  nodes: `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Job { ${JOB} } } }`,
  jobs: `query ($after: String) { jobs(first: 20, after: $after) { ${PAGE} } }`,
  cosJobs: `query ($region: String, $after: String) { cosJobs(region: $region, first: 20, after: $after) { ${PAGE} } }`,
  batchComputeJobs: `query ($region: String, $after: String) { batchComputeJobs(region: $region, first: 20, after: $after) { ${PAGE} } }`,
  ciJobs: `query ($bucket: String, $after: String) { ciJobs(bucket: $bucket, first: 20, after: $after) { ${PAGE} } }`,
};

/** Questions in the same order each time; which job is how popular has to do with nothing else about it. */
export class Queries {
  readonly #random: Random = createRandom(1, 'queries');
  readonly #ids: readonly string[];
  /** Of the jobs up to each, by popularity, how much of all interest they have: Zipf's law with s = 1. */
  readonly #shares: readonly number[];
  readonly #lists: readonly { readonly query: string; readonly variables: Record<string, string> }[];
  readonly #cursors = new Map<string, string>();

  constructor({ facts, jobIds }: UpstreamsReady) {
    this.#ids = shuffled(jobIds, createRandom(1, 'popularity')).map((job) =>
      encodeGlobalId({ ...job, account: 'sandbox' } as JobRef),
    );
    this.#shares = sharesOf(this.#ids.length);
    this.#lists = listsOf(facts);
  }

  next(): Query {
    if (this.#random.chance(LISTS)) {
      return this.#list();
    }
    return this.#random.chance(SINGLE) ? this.#single() : this.#several();
  }

  /** What a list's first page told: where the second begins. */
  learn(list: string, endCursor: string): void {
    this.#cursors.set(list, endCursor);
  }

  #list(): Query {
    const [all, ...others] = this.#lists;
    const list = this.#random.chance(OF_ALL_SOURCES)
      ? all
      : (others[this.#random.integer(0, others.length - 1)] ?? all);
    if (list === undefined) {
      throw new Error('expected lists');
    }
    const name = JSON.stringify(list);
    const after = this.#random.chance(SECOND_PAGES) ? (this.#cursors.get(name) ?? null) : null;
    const body = JSON.stringify({ query: list.query, variables: { ...list.variables, after } });
    return { body, jobs: 0, list: after === null ? name : null };
  }

  #single(): Query {
    return {
      body: JSON.stringify({ query: QUERIES.job, variables: { id: this.#popular() } }),
      jobs: 1,
      list: null,
    };
  }

  #several(): Query {
    const count = this.#random.integer(1, MAX_NODES);
    const ids = [...new Set(Array.from({ length: count }, () => this.#popular()))];
    return {
      body: JSON.stringify({ query: QUERIES.nodes, variables: { ids } }),
      jobs: ids.length,
      list: null,
    };
  }

  #popular(): string {
    const share = this.#random.integer(0, 1_000_000_000) / 1_000_000_000;
    let [low, high] = [0, this.#shares.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#shares[middle] ?? 1) < share) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return this.#ids[low] ?? '';
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random.integer(0, 1_000_000_000) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function sharesOf(count: number): number[] {
  const shares: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    sum += 1 / rank;
    shares.push(sum);
  }
  return shares.map((share) => share / sum);
}

function listsOf({ regions, buckets }: SandboxFacts): { query: string; variables: Record<string, string> }[] {
  return [
    { query: QUERIES.jobs, variables: {} },
    ...regions.flatMap((region) => [
      { query: QUERIES.cosJobs, variables: { region } },
      { query: QUERIES.batchComputeJobs, variables: { region } },
    ]),
    ...buckets.map(({ name }) => ({ query: QUERIES.ciJobs, variables: { bucket: name } })),
  ];
}
