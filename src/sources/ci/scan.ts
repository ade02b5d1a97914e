import type { CallScope } from '../../lib/call-scope.ts';
import type { Clock } from '../../lib/clock.ts';
import type { JobStatus } from '../../model/job-status.ts';
import { isWanted, sortedJobs } from '../../model/job-order.ts';
import type { Origin } from '../../model/origin.ts';
import type { KeptStretches, TimedStretch } from '../kept-stretches.ts';
import type { ScanChunk, ScanRequest } from '../source.ts';
import { MAX_CI_PAGE } from './client.ts';
import { CI_STATES, type CiFilter, type CiJob, type CiState } from './model.ts';
import { type ReadScanPage, readStretch, type Stretch } from './scan-stretch.ts';
import { matchesNothing } from './time-range.ts';

/** Room on the first page for the second that is held back. */
const ROOM = 5;
/** The times that can be asked for: four digits of year, in any time zone. */
const MAX_SECOND = Date.UTC(9999, 0) / 1_000;

export interface CiScan {
  readonly origin: Origin;
  readonly clock: Clock;
  readonly stretches: KeptStretches<CiJob>;
  /** What reads a page on behalf of whoever waits for a stretch. */
  readonly read: (scope: CallScope) => ReadScanPage;
  readonly request: ScanRequest;
  readonly scope: CallScope;
}

/**
 * A CI origin in order of time, by the upstream's own order and bounds of creation time (`upstreams/ci-jobs.md` section 4):
 * one call per 100 jobs, a first one for little more than `wanted`. Every chunk begins anew at a second, included, of which
 * nothing has been given; so nothing that arrives, ends or vanishes between two chunks shifts anything, whatever tokens stand
 * for. Within a chunk tokens are followed, where a second has more jobs than a page.
 *
 * Statuses are pushed down, unless UNKNOWN is among them: then they are applied here. `totalCount` is not told, but for 0 where
 * CI has no such status. Jobs without a creation time are left out: CI's order has no place for them. Throws `UpstreamError`, also
 * when an answer is not in the order that was asked for.
 */
export async function* scanCi({
  origin,
  clock,
  stretches,
  read,
  request,
  scope,
}: CiScan): AsyncGenerator<ScanChunk<CiJob>, void, undefined> {
  const { order, fromMs, untilMs, wanted } = request;
  const states = statesOf(request.statuses);
  let second = fromMs === null ? null : Math.floor(fromMs / 1_000);
  let size = Math.min(wanted + ROOM, MAX_CI_PAGE);
  for (;;) {
    if (matchesNothing(filterFrom(request, states, second))) {
      yield nothing(request, clock);
      return;
    }
    const stretch = await stretches.from(
      { order, isByStatus: states !== null, asked: [states, untilMs] },
      { second, offset: null },
      async ({ second: from }, shared) =>
        toTimed(
          await readStretch({
            origin,
            read: read(shared),
            filter: filterFrom(request, states, from),
            from,
            size,
          }),
        ),
      scope,
    );
    const { jobs, next, fetchedAt, outcome } = stretch;
    const matching = jobs.filter((job) => isWanted(job, request));
    yield { jobs: sortedJobs(matching, order), offsets: null, totalCount: null, fetchedAt, outcome };
    if (next === null) {
      return;
    }
    second = next.second;
    size = MAX_CI_PAGE;
  }
}

function toTimed({ jobs, next, fetchedAt }: Stretch): TimedStretch<CiJob> {
  const start = next === null ? null : { second: next, offset: null };
  return { jobs, offsets: null, next: start, totalCount: null, fetchedAt };
}

/** CI's words for the statuses; null where it has none for one that is wanted, so that they cannot be asked for. */
function statesOf(statuses: readonly JobStatus[] | null): readonly CiState[] | null {
  if (statuses === null || statuses.includes('UNKNOWN')) {
    return null;
  }
  const states = Object.entries(CI_STATES).filter(([, { status }]) => statuses.includes(status));
  return states.map(([state]) => state).filter(isCiState);
}

/** The question for everything from a second on, both ends of the time in whole seconds and included. */
function filterFrom(
  { order, untilMs }: ScanRequest,
  states: readonly CiState[] | null,
  from: number | null,
): CiFilter {
  const until = untilMs === null ? null : Math.floor(untilMs / 1_000);
  const [earliest, latest] = order === 'NEWEST_FIRST' ? [until, from] : [from, until];
  return {
    type: null,
    states,
    name: null,
    workflowId: null,
    jobId: null,
    createdAfter: earliest === null ? null : timeText(earliest),
    // The filter excludes its instant.
    createdBefore: latest === null ? null : timeText(latest + 1),
    order,
  };
}

function timeText(second: number): string {
  return new Date(Math.min(Math.max(second, 0), MAX_SECOND) * 1_000).toISOString();
}

function nothing({ fromMs, untilMs, statuses }: ScanRequest, clock: Clock): ScanChunk<CiJob> {
  const isExact = fromMs === null && untilMs === null && statuses !== null;
  const fetchedAt = new Date(clock.now()).toISOString();
  return { jobs: [], offsets: null, totalCount: isExact ? 0 : null, fetchedAt, outcome: 'FRESH' };
}

function isCiState(word: string): word is CiState {
  return Object.hasOwn(CI_STATES, word);
}
