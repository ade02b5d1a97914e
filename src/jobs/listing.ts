import { UpstreamError } from '../model/errors.ts';
import { type Origin, originKey } from '../model/origin.ts';
import type { ScanRequest } from '../sources/source.ts';
import type { CallScope } from '../lib/call-scope.ts';
import type { Clock } from '../lib/clock.ts';
import { type CursorBinding, decodeCursor, encodeCursor, MAX_CURSOR_LENGTH } from './cursor.ts';
import { Feed } from './feed.ts';
import { checkConfigured, concerns, isCountable, type JobFilter, matches } from './job-filter.ts';
import { compareKeys, type JobKey, laterOf, NO_TIME_MS } from './job-key.ts';
import type { JobOrder } from '../model/job-order.ts';
import type { Job, Origins, ScannableSource } from './origins.ts';
import type { PageRequest } from './page-arguments.ts';
import type { JobPage, OriginReport } from './source-listing.ts';
import { START, toPosition, toState, type WalkState } from './walk-state.ts';

export interface ListingLimits {
  /** What one origin may take of a page's time. */
  readonly originMs: number;
  /** How many jobs of one origin a page looks at in vain. */
  readonly maxScannedJobs: number;
}

export interface ListingQuestion {
  readonly filter: JobFilter;
  readonly orderBy: JobOrder;
  readonly page: PageRequest;
}

/**
 * One page of the jobs of all origins in one order: a merge of the origins' scans, side by side (design section 4, and
 * docs/merged-listing.md). A failing origin is reported and owed, and the others' jobs come; when all that were asked
 * fail, the first one's error is thrown. Throws `InvalidCursorError` and `OriginNotConfiguredError` before any call.
 * Usually costs one upstream call per origin, none for COS while its snapshot is fresh.
 */
export async function listJobs(
  origins: Origins,
  question: ListingQuestion,
  limits: ListingLimits,
  clock: Clock,
  scope: CallScope,
): Promise<JobPage<Job>> {
  const { filter, orderBy, page } = question;
  const all = origins.all();
  checkConfigured(filter, all);
  const binding: CursorBinding = { field: 'jobs', origin: 'all', filter: { ...filter, orderBy } };
  const cursor = page.after ?? page.before;
  const from = cursor === null ? START : toState(decodeCursor(binding, cursor), all);
  const order = page.backwards ? opposite(orderBy) : orderBy;
  const sources = origins.scannable().filter(({ origin }) => concerns(filter, origin));
  const originScope = { ...scope, deadlineMs: Math.min(scope.deadlineMs, clock.now() + limits.originMs) };
  const feeds = sources.flatMap((source) =>
    openFeed(source, { question, from, order, scope: originScope, maxScanned: limits.maxScannedJobs }),
  );
  try {
    const merged = await merge(feeds, order, page, from);
    failWhenNobodyAnswered(merged, feeds);
    if (feeds.some(({ error }) => error !== null)) {
      scope.onFailure?.();
    }
    return toPage(merged, { binding, page, feeds, origins: all, filter, asked: sources.length });
  } finally {
    await Promise.all(feeds.map((feed) => feed.close()));
  }
}

function opposite(order: JobOrder): JobOrder {
  return order === 'NEWEST_FIRST' ? 'OLDEST_FIRST' : 'NEWEST_FIRST';
}

interface Opening {
  readonly question: ListingQuestion;
  readonly from: WalkState;
  readonly order: JobOrder;
  readonly scope: CallScope;
  readonly maxScanned: number;
}

/** The feed of one origin from where the walk left it; none when a walk that turned round has nothing of it to show. */
function openFeed(source: ScannableSource, opening: Opening): Feed[] {
  const { question, from, order, scope, maxScanned } = opening;
  const { filter, page } = question;
  const key = originKey(source.origin);
  const isOwed = from.owed.has(key);
  const hasTurned = from.backwards !== page.backwards;
  const start = isOwed ? (from.owed.get(key) ?? null) : from.main;
  if (isOwed && hasTurned && start === null) {
    return [];
  }
  const request: ScanRequest = {
    order,
    ...boundsOf(filter, order, start),
    statuses: filter.statuses,
    wanted: page.limit + 1,
    offset: from.offsets.get(key) ?? null,
  };
  return [
    new Feed({
      source,
      order,
      start,
      // What was shown of an owed origin ends with its key: in the other direction it comes first.
      startIncluded: isOwed && hasTurned,
      request,
      scope,
      matches: (job) => matches(filter, job),
      maxScanned,
    }),
  ];
}

/** The times between which to scan, both included, from a place on. */
function boundsOf(
  { createdAfter, createdBefore }: JobFilter,
  order: JobOrder,
  start: JobKey | null,
): Pick<ScanRequest, 'fromMs' | 'untilMs'> {
  const oldestMs = createdAfter === null ? null : Date.parse(createdAfter);
  const youngestMs = createdBefore === null ? null : Date.parse(createdBefore) - 1;
  const startMs = start?.createdAtMs ?? null;
  if (order === 'NEWEST_FIRST') {
    return { fromMs: smaller(startMs, youngestMs), untilMs: oldestMs };
  }
  // Jobs without a time come first here, so a place among them is at the beginning.
  return { fromMs: larger(startMs === NO_TIME_MS ? null : startMs, oldestMs), untilMs: youngestMs };
}

function smaller(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function larger(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

interface Merged {
  /** In the order of the walk, each with the state behind it. */
  readonly entries: readonly { readonly job: Job; readonly state: () => WalkState }[];
  /** Whether a job more than the page takes was seen. */
  readonly hasMore: boolean;
  /** How far the walk has come; further than the last entry where jobs were passed that do not match. */
  readonly end: WalkState;
}

/** Takes the next job by the order from whichever feed has it, until the page is full or nothing is left. */
async function merge(
  feeds: readonly Feed[],
  order: JobOrder,
  { limit, backwards }: PageRequest,
  from: WalkState,
): Promise<Merged> {
  const entries: { job: Job; state: () => WalkState }[] = [];
  let hasMore = false;
  for (;;) {
    await Promise.all(feeds.filter((feed) => feed.needsFill).map((feed) => feed.fill()));
    const next = nextOf(feeds, order);
    const cut = firstCut(feeds, order);
    if (next === null || (cut !== null && compareKeys(next.key, cut, order) > 0)) {
      break;
    }
    if (entries.length === limit) {
      hasMore = true;
      break;
    }
    const job = next.feed.shift();
    pass(feeds, next.key);
    // Only the places are noted: most cursors are never read.
    const places = feeds.map(({ key, at, offset }) => ({ key, at, offset }));
    entries.push({ job, state: () => stateOf(places, order, backwards, from) });
  }
  const cut = firstCut(feeds, order);
  if (cut !== null && !hasMore) {
    pass(feeds, cut);
  }
  return { entries, hasMore, end: stateOf(feeds, order, backwards, from) };
}

function nextOf(feeds: readonly Feed[], order: JobOrder): { feed: Feed; key: JobKey } | null {
  let next: { feed: Feed; key: JobKey } | null = null;
  for (const feed of feeds) {
    const key = feed.head?.key;
    if (key !== undefined && (next === null || compareKeys(key, next.key, order) < 0)) {
      next = { feed, key };
    }
  }
  return next;
}

/** Beyond the place where a feed gave up nothing may be shown: it may have jobs there. */
function firstCut(feeds: readonly Feed[], order: JobOrder): JobKey | null {
  const cuts = feeds.filter((feed) => feed.isCut).flatMap((feed) => feed.at ?? []);
  return cuts.toSorted((a, b) => compareKeys(a, b, order))[0] ?? null;
}

/** All that answer have nothing left before this key; a failed one stays where it stood. */
function pass(feeds: readonly Feed[], key: JobKey): void {
  feeds.filter((feed) => feed.error === null).forEach((feed) => feed.passed(key));
}

type FeedPlace = Pick<Feed, 'key' | 'at' | 'offset'>;

/** The furthest place is where all stand but those that are named. Origins that this page did not open keep their debts. */
function stateOf(
  feeds: readonly FeedPlace[],
  order: JobOrder,
  backwards: boolean,
  from: WalkState,
): WalkState {
  const main = feeds.reduce<JobKey | null>((furthest, feed) => laterOf(furthest, feed.at, order), null);
  const behind = feeds.filter(({ at }) => main !== null && (at === null || compareKeys(at, main, order) < 0));
  const opened = new Set(feeds.map(({ key }) => key));
  const unopened = [...from.owed].filter(([origin]) => !opened.has(origin));
  return {
    backwards,
    main,
    owed: new Map([...unopened, ...behind.map(({ key, at }) => [key, at] as const)]),
    offsets: new Map(feeds.flatMap(({ key, offset }) => (offset === null ? [] : [[key, offset] as const]))),
  };
}

function failWhenNobodyAnswered({ entries }: Merged, feeds: readonly Feed[]): void {
  const errors = feeds.flatMap(({ error }) => error ?? []);
  const [first] = errors;
  if (first !== undefined && errors.length === feeds.length && entries.length === 0) {
    throw first;
  }
}

interface PageFacts {
  readonly binding: CursorBinding;
  readonly page: PageRequest;
  readonly feeds: readonly Feed[];
  readonly origins: readonly Origin[];
  readonly filter: JobFilter;
  /** How many origins the filter lets in. */
  readonly asked: number;
}

function toPage(merged: Merged, facts: PageFacts): JobPage<Job> {
  const { binding, page, feeds } = facts;
  const cursorOf = (state: WalkState): string => {
    const cursor = encodeCursor(binding, toPosition(state));
    // Offsets are hints: where very many origins are owed, a cursor does without them rather than grow too long to be taken.
    return cursor.length <= MAX_CURSOR_LENGTH
      ? cursor
      : encodeCursor(binding, toPosition({ ...state, offsets: new Map() }));
  };
  const edges = merged.entries.map(({ job, state }) => ({
    node: job,
    get cursor() {
      return cursorOf(state());
    },
  }));
  if (page.backwards) {
    edges.reverse();
  }
  const isOwed = feeds.some(({ error, isCut }) => error !== null || isCut);
  const goesOn = merged.hasMore || isOwed;
  const cameFrom = page.after !== null || page.before !== null;
  const last = merged.entries.at(-1);
  // Behind the last edge where jobs were passed in vain or an origin is owed: going on from there loses nothing.
  const farState = goesOn && !merged.hasMore ? merged.end : last?.state();
  const farCursor = farState === undefined ? null : cursorOf(farState);
  return {
    edges,
    pageInfo: {
      hasNextPage: page.backwards ? cameFrom : goesOn,
      hasPreviousPage: page.backwards ? goesOn : cameFrom,
      startCursor: page.backwards ? farCursor : (edges[0]?.cursor ?? null),
      endCursor: page.backwards ? (edges.at(-1)?.cursor ?? null) : farCursor,
    },
    ...reportsOf(facts),
  };
}

function reportsOf({
  feeds,
  origins,
  filter,
  asked,
}: PageFacts): Pick<JobPage<Job>, 'totalCount' | 'origins'> {
  const byKey = new Map(feeds.map((feed) => [feed.key, feed]));
  const reports = origins.map((origin): OriginReport => {
    const feed = byKey.get(originKey(origin));
    if (feed === undefined) {
      return { origin, outcome: 'SKIPPED', totalCount: null, fetchedAt: null, error: null };
    }
    const { error, first } = feed;
    return {
      origin,
      outcome: error !== null ? 'FAILED' : feed.outcome,
      totalCount: error === null && isCountable(filter) ? (first?.totalCount ?? null) : null,
      fetchedAt: first?.fetchedAt ?? null,
      error: error ?? (feed.isCut ? scanLimitReached(origin) : null),
    };
  });
  const counts = feeds.map(
    (feed) => reports.find(({ origin }) => originKey(origin) === feed.key)?.totalCount ?? null,
  );
  const totalCount = counts.reduce<number | null>(
    (sum, count) => (sum === null || count === null ? null : sum + count),
    feeds.length === asked ? 0 : null,
  );
  return { totalCount, origins: reports };
}

/** Not a failure: the page ends early, nothing is lost, and the client is told instead of left waiting. */
function scanLimitReached(origin: Origin): UpstreamError {
  return new UpstreamError(
    'UPSTREAM_TIMEOUT',
    origin,
    'Few of its jobs match: the page ends early. Go on from endCursor, or narrow the filter by time.',
    { retryable: true },
  );
}
