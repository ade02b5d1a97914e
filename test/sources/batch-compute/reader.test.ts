import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../src/model/errors.ts';
import { BatchComputeClient } from '../../../src/sources/batch-compute/client.ts';
import { BatchComputeReader } from '../../../src/sources/batch-compute/reader.ts';
import { limit } from '../../../src/upstream/turns/limiter.ts';
import { createLocalSlots, spacingOf } from '../../../src/upstream/slots/local-slots.ts';
import { createPacer } from '../../../src/upstream/turns/pacer.ts';
import type { CallScope } from '../../../src/lib/call-scope.ts';
import type { Send, UpstreamRequest } from '../../../src/upstream/send.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { anAnswer, BATCH_COMPUTE_ORIGIN } from '../support.ts';

const CREATED_AT = '2026-01-01T00:00:00Z';

interface Call {
  readonly jobIds: readonly string[];
  readonly sentAtMs: number;
  readonly signal: AbortSignal;
  readonly request: UpstreamRequest<unknown>;
}

interface Setup {
  readonly clock: FakeClock;
  readonly reader: BatchComputeReader;
  readonly calls: Call[];
  /** What each id gave, as text; or the reason of the rejection. */
  readonly ask: (jobIds: readonly string[], change?: Partial<CallScope>) => Promise<string[] | string>;
}

/** The reader over a real pacer of two calls a second; each call takes 50 ms and knows every job but those named `gone…`. */
function setUp(refuse: (jobIds: readonly string[]) => string | null = () => null): Setup {
  const clock = new FakeClock(0);
  const calls: Call[] = [];
  const wire: Send = async (request, { signal }) => {
    const jobIds = (JSON.parse(request.lateBody?.() ?? request.body!) as { JobIds: string[] }).JobIds;
    calls.push({ jobIds, sentAtMs: clock.now(), signal, request });
    await clock.sleep(50, signal);
    return request.decode(anAnswer(JSON.stringify({ Response: answerTo(jobIds, refuse(jobIds)) })));
  };
  const limited = limit({
    origin: BATCH_COMPUTE_ORIGIN,
    limiterFor: () => pacer,
    readiness: { isReady: () => true, makeReady: () => Promise.resolve() },
    clock,
    onWaited: () => undefined,
  });
  const pacer = createPacer(createLocalSlots(spacingOf(2), clock), clock);
  const reader = new BatchComputeReader(new BatchComputeClient(BATCH_COMPUTE_ORIGIN, limited(wire)), clock);
  const ask: Setup['ask'] = async (jobIds, change = {}) => {
    const scope = { signal: new AbortController().signal, deadlineMs: clock.now() + 10_000, ...change };
    try {
      const results = await reader.read(jobIds, scope);
      return jobIds.map((jobId) => shown(results.get(jobId)));
    } catch (error) {
      return String(error);
    }
  };
  return { clock, reader, calls, ask };
}

function answerTo(jobIds: readonly string[], code: string | null): object {
  if (code !== null) {
    return { Error: { Code: code, Message: '' }, RequestId: 'R' };
  }
  const known = jobIds.filter((jobId) => !jobId.startsWith('job-gone'));
  const JobSet = known.map((JobId) => ({
    JobId,
    JobState: 'RUNNING',
    CreateTime: CREATED_AT,
    TaskMetrics: {},
  }));
  return { TotalCount: known.length, JobSet, RequestId: 'R' };
}

function shown(result: unknown): string {
  if (result instanceof UpstreamError) {
    return result.code;
  }
  return result instanceof Error ? result.name : ((result as { jobId: string } | null)?.jobId ?? 'null');
}

const idsOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `job-${prefix}${String(n)}`);

describe('reads of many requests', () => {
  it('leave together with the next turn, up to a hundred in a call', async () => {
    const { clock, calls, ask } = setUp();
    const reads = Array.from({ length: 25 }, (_, n) => ask(idsOf(`r${String(n)}x`, 10)));
    await clock.advance(10_000);
    expect((await Promise.all(reads)).flat()).toEqual(
      Array.from({ length: 25 }, (_, n) => idsOf(`r${String(n)}x`, 10)).flat(),
    );
    expect(calls.map(({ jobIds, sentAtMs }) => [sentAtMs, jobIds.length])).toEqual([
      [0, 100],
      [550, 100],
      [1_100, 50],
    ]);
    expect(clock.sleeping).toBe(0);
  });

  it('that come while one waits for its turn go with it', async () => {
    const { clock, calls, ask } = setUp();
    const reads = [ask(['job-a'])];
    await settle();
    reads.push(ask(['job-b']));
    await clock.advance(300);
    reads.push(ask(['job-c']));
    await clock.advance(1_000);
    expect(await Promise.all(reads)).toEqual([['job-a'], ['job-b'], ['job-c']]);
    expect(calls.map(({ jobIds, sentAtMs }) => [sentAtMs, jobIds])).toEqual([
      [0, ['job-a']],
      [550, ['job-b', 'job-c']],
    ]);
  });

  it('ask once for the job that several want, also while its call is under way', async () => {
    const { clock, calls, ask } = setUp();
    const reads = [ask(['job-a']), ask(['job-a', 'job-b'])];
    await clock.advance(20);
    reads.push(ask(['job-b', 'job-gone']), ask(['job-a']));
    await clock.advance(2_000);
    expect(await Promise.all(reads)).toEqual([['job-a'], ['job-a', 'job-b'], ['job-b', 'null'], ['job-a']]);
    expect(calls.map(({ jobIds }) => jobIds)).toEqual([['job-a', 'job-b'], ['job-gone']]);
  });

  it('ask anew once the answer is there', async () => {
    const { clock, calls, ask } = setUp();
    const first = ask(['job-a']);
    await clock.advance(1_000);
    const second = ask(['job-a']);
    await clock.advance(1_000);
    expect([await first, await second]).toEqual([['job-a'], ['job-a']]);
    expect(calls).toHaveLength(2);
  });

  it('share a call fairly, whoever asks for how much', async () => {
    const { clock, calls, ask } = setUp();
    const reads = [ask(idsOf('a', 500), { callers: new Set(['a']) })];
    await clock.advance(100);
    reads.push(ask(idsOf('b', 3), { callers: new Set(['b']) }));
    await clock.advance(10_000);
    await Promise.all(reads);
    expect(calls[1]!.jobIds).toEqual(expect.arrayContaining(idsOf('b', 3)));
    expect(calls[1]!.jobIds).toHaveLength(100);
    expect(calls).toHaveLength(6);
  });

  it('let background work fill the places that are left', async () => {
    const { clock, calls, ask } = setUp();
    const reads = [ask(['job-first']), ask(idsOf('z', 60), { isBackground: true }), ask(idsOf('a', 90))];
    await clock.advance(10_000);
    await Promise.all(reads);
    const [first] = calls;
    expect(first!.jobIds).toHaveLength(100);
    expect(first!.jobIds.filter((jobId) => jobId.startsWith('job-z'))).toHaveLength(9);
  });

  it('tell how many jobs a call asked for and for how many reads', async () => {
    const { clock, calls, ask } = setUp();
    const reads = [ask(['job-a', 'job-b']), ask(['job-b'])];
    await clock.advance(1_000);
    await Promise.all(reads);
    expect(calls[0]!.request.batchSize!()).toBe(2);
  });
});

describe('a read', () => {
  it('without time for its turn is refused at once, the rest of it is not', async () => {
    const { clock, calls, ask } = setUp();
    const read = ask(idsOf('a', 350), { deadlineMs: 1_100 });
    const patient = ask(idsOf('b', 10));
    await settle();
    await clock.advance(0);
    await clock.advance(1_099);
    const results = await read;
    expect(new Set(results)).toContain('UPSTREAM_RATE_LIMITED');
    await clock.advance(5_000);
    expect(await patient).toEqual(idsOf('b', 10));
    expect(calls.flatMap(({ jobIds }) => jobIds).length).toBeLessThan(360);
  });

  it('that stands too far behind is refused within 10 ms', async () => {
    const { clock, calls, ask } = setUp();
    const many = ask(idsOf('a', 350));
    await settle();
    const late = ask(['job-late'], { deadlineMs: 1_600 });
    const other = ask(['job-other'], { deadlineMs: 1_600, callers: new Set(['b']) });
    await clock.advance(10);
    expect(await late).toEqual(['UPSTREAM_RATE_LIMITED']);
    await clock.advance(10_000);
    expect(await other).toEqual(['job-other']);
    expect(new Set(await many)).toEqual(new Set(idsOf('a', 350)));
    expect(calls.flatMap(({ jobIds }) => jobIds)).not.toContain('job-late');
  });

  it('that comes after its deadline costs nothing', async () => {
    const { clock, calls, ask } = setUp();
    expect(await ask(['job-a'], { deadlineMs: clock.now() })).toEqual(['UPSTREAM_TIMEOUT']);
    expect(calls).toHaveLength(0);
  });

  it('that comes while none of the next turns is in time is refused within 10 ms', async () => {
    const { clock, calls, ask } = setUp();
    const first = ask(['job-a']);
    await settle();
    const queued = ask(['job-b']);
    await settle();
    const late = ask(['job-c'], { deadlineMs: 500 });
    await clock.advance(10);
    expect(await late).toEqual(['UPSTREAM_RATE_LIMITED']);
    await clock.advance(5_000);
    expect([await first, await queued]).toEqual([['job-a'], ['job-b']]);
    expect(calls.map(({ jobIds }) => jobIds)).toEqual([['job-a'], ['job-b']]);
  });

  it('whose answer is late ends alone, and the call goes on for others', async () => {
    const { clock, calls, ask } = setUp();
    const hasty = ask(['job-a'], { deadlineMs: 30 });
    const patient = ask(['job-a']);
    await clock.advance(30);
    expect(await hasty).toEqual(['UPSTREAM_TIMEOUT']);
    expect(calls[0]!.signal.aborted).toBe(false);
    await clock.advance(20);
    expect(await patient).toEqual(['job-a']);
    expect(clock.sleeping).toBe(0);
  });
});

describe('callers who leave', () => {
  it('take with them what only they asked for, and no call is made for it', async () => {
    const { clock, calls, ask } = setUp();
    const caller = new AbortController();
    const reads = [ask(['job-a'])];
    await settle();
    reads.push(ask(['job-b', 'job-c'], { signal: caller.signal }), ask(['job-c']));
    await settle();
    caller.abort(new Error('left'));
    await clock.advance(5_000);
    expect(await Promise.all(reads)).toEqual([['job-a'], 'Error: left', ['job-c']]);
    expect(calls.map(({ jobIds }) => jobIds)).toEqual([['job-a'], ['job-c']]);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('and whose job is asked for anew are not answered with what they left', async () => {
    const { clock, calls, ask } = setUp();
    const caller = new AbortController();
    const reads = [ask(['job-a'], { signal: caller.signal }), ask(['job-b'])];
    await clock.advance(10);
    caller.abort(new Error('left'));
    reads.push(ask(['job-a']));
    await clock.advance(100);
    // The call that was left is over; who asks now joins the one that waits.
    reads.push(ask(['job-a']));
    await clock.advance(5_000);
    expect(await Promise.all(reads)).toEqual(['Error: left', ['job-b'], ['job-a'], ['job-a']]);
    expect(calls.map(({ jobIds }) => jobIds)).toEqual([['job-a', 'job-b'], ['job-a']]);
  });

  it('all of them: no call follows, and no timer is left', async () => {
    const { clock, calls, ask } = setUp();
    const caller = new AbortController();
    const reads = Array.from({ length: 50 }, (_, n) =>
      ask(idsOf(`r${String(n)}x`, 7), { signal: caller.signal }),
    );
    await clock.advance(60);
    expect(calls).toHaveLength(1);
    caller.abort(new Error('left'));
    await settle();
    expect(clock.sleeping).toBe(0);
    await clock.advance(5_000);
    expect(calls).toHaveLength(1);
    expect(new Set(await Promise.all(reads))).toContain('Error: left');
  });

  it('abort a call under way when the last is gone, and only then', async () => {
    const { clock, calls, ask } = setUp();
    const callers = [new AbortController(), new AbortController()];
    const reads = callers.map(({ signal }, n) => ask([`job-${String(n)}`], { signal }));
    await clock.advance(10);
    callers[0]!.abort(new Error('left'));
    await settle();
    expect(calls[0]!.signal.aborted).toBe(false);
    callers[1]!.abort(new Error('left'));
    await settle();
    expect(calls[0]!.signal.aborted).toBe(true);
    expect(await Promise.all(reads)).toEqual(['Error: left', 'Error: left']);
    const next = ask(['job-0']);
    await clock.advance(5_000);
    expect(await next).toEqual(['job-0']);
    expect(calls).toHaveLength(2);
  });
});

describe('a call that fails', () => {
  it('fails for its ids and for no others', async () => {
    const { clock, ask } = setUp((jobIds) => (jobIds.includes('job-a0') ? 'InternalError' : null));
    const reads = [ask(idsOf('a', 100)), ask(['job-b'])];
    await clock.advance(5_000);
    expect(new Set((await reads[0]) as string[])).toEqual(new Set(['UPSTREAM_UNAVAILABLE']));
    expect(await reads[1]).toEqual(['job-b']);
  });

  it.each([
    ['InvalidParameter.JobIdMalformed', 'InvalidIdError'],
    ['ResourceNotFound.Job', 'null'],
  ])('with %s for one id is split until that id stands alone', async (code, result) => {
    const { clock, calls, ask } = setUp((jobIds) => (jobIds.includes('job-a3') ? code : null));
    const read = ask(idsOf('a', 8));
    await clock.advance(10_000);
    expect(await read).toEqual(idsOf('a', 8).with(3, result));
    expect(calls.length).toBeLessThanOrEqual(1 + 2 * 3);
    // Each half is a call like any other.
    expect(calls.slice(1).every(({ sentAtMs }, n) => sentAtMs - calls[n]!.sentAtMs >= 550)).toBe(true);
  });

  it('before it has its turn fails for all who wait, and the next who comes tries anew', async () => {
    const clock = new FakeClock(0);
    const unavailable = new UpstreamError('UPSTREAM_UNAVAILABLE', BATCH_COMPUTE_ORIGIN, 'refused');
    let failures = 1;
    const send: Send = async (request) => {
      await Promise.resolve();
      if (failures > 0) {
        failures -= 1;
        throw unavailable;
      }
      const { JobIds } = JSON.parse(request.lateBody!()) as { JobIds: string[] };
      return request.decode(anAnswer(JSON.stringify({ Response: answerTo(JobIds, null) })));
    };
    const reader = new BatchComputeReader(new BatchComputeClient(BATCH_COMPUTE_ORIGIN, send), clock);
    const scope = { signal: new AbortController().signal, deadlineMs: 1_000 };
    const [first, second] = await Promise.all([reader.read(['job-a'], scope), reader.read(['job-b'], scope)]);
    expect([first.get('job-a'), second.get('job-b')]).toEqual([unavailable, unavailable]);
    expect(shown((await reader.read(['job-a'], scope)).get('job-a'))).toBe('job-a');
    expect(clock.sleeping).toBe(0);
  });
});
