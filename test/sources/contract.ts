/** What every source promises (`src/sources/source.ts`), whatever its wire looks like. */
import { describe, expect, it } from 'vitest';
import type { JobSummary } from '../../src/model/job.ts';
import type { ListPage, ListSlice, Position, Source } from '../../src/sources/source.ts';
import type { Send, UpstreamResponse } from '../../src/upstream/send.ts';
import { settle } from '../support/fake-clock.ts';
import { aScope, FakeWire, type SentRequest } from './support.ts';

/** One source, and a wire that answers for the jobs it holds. */
export interface SourceUnderTest<F> {
  readonly name: string;
  readonly open: (send: Send) => Source<JobSummary, unknown, F>;
  /** At least five, in the upstream's own order. */
  readonly jobIds: readonly string[];
  /** Well-formed, but held by nobody. */
  readonly unknownId: string;
  /** The id whose read alone must fail. */
  readonly failingId: string;
  readonly malformedIds: readonly string[];
  readonly everything: F;
  /** Answers any request of this source for the jobs held. */
  readonly reply: (request: SentRequest) => UpstreamResponse;
  /** The job ids that a request names. */
  readonly idsIn: (request: SentRequest) => readonly string[];
}

export function sourceContract<F>(subject: SourceUnderTest<F>): void {
  const { jobIds, unknownId, failingId, malformedIds } = subject;
  const open = (): { wire: FakeWire; source: Source<JobSummary, unknown, F> } => {
    const wire = new FakeWire(subject.reply);
    return { wire, source: subject.open(wire.send) };
  };
  const shown = (results: readonly (JobSummary | null | Error)[]): unknown[] =>
    results.map((result) => (result instanceof Error ? 'error' : (result?.jobId ?? null)));

  describe(`${subject.name}: isJobId`, () => {
    it('tells the form of an id', () => {
      const { source } = open();
      expect([...jobIds, unknownId].every((jobId) => source.isJobId(jobId))).toBe(true);
      expect(malformedIds.filter((jobId) => source.isJobId(jobId))).toEqual([]);
    });
  });

  describe(`${subject.name}: getMany`, () => {
    it('has the length and the order of what was asked, and null for what nobody holds', async () => {
      const { source } = open();
      const asked = [jobIds[3]!, unknownId, jobIds[0]!, jobIds[2]!];
      expect(shown(await source.getMany(asked, aScope()))).toEqual([jobIds[3], null, jobIds[0], jobIds[2]]);
    });

    it('asks for a duplicate once and answers it in each place', async () => {
      const { wire, source } = open();
      const asked = [jobIds[1]!, jobIds[1]!, unknownId, jobIds[1]!, unknownId];
      expect(shown(await source.getMany(asked, aScope()))).toEqual([
        jobIds[1],
        jobIds[1],
        null,
        jobIds[1],
        null,
      ]);
      expect(wire.sent.flatMap(subject.idsIn)).toEqual([jobIds[1], unknownId]);
    });

    it('puts the failure of one id into its place alone', async () => {
      const { source } = open();
      const asked = [...jobIds.slice(0, 3), failingId, jobIds[4]!];
      expect(shown(await source.getMany(asked, aScope()))).toEqual([
        ...jobIds.slice(0, 3),
        'error',
        jobIds[4],
      ]);
    });

    it('never sends a malformed id', async () => {
      const { wire, source } = open();
      const result = await source.getMany([...malformedIds, jobIds[0]!], aScope());
      expect(shown(result)).toEqual([...malformedIds.map(() => null), jobIds[0]]);
      expect(wire.sent.flatMap(subject.idsIn)).toEqual([jobIds[0]]);
    });

    it('sends nothing for nothing', async () => {
      const { wire, source } = open();
      expect(await source.getMany([], aScope())).toEqual([]);
      expect(wire.sent).toEqual([]);
    });

    it('rejects, and sends nothing, when the caller has left already', async () => {
      const { wire, source } = open();
      const gone = aScope(AbortSignal.abort(new Error('gone')));
      await expect(source.getMany([jobIds[0]!], gone)).rejects.toThrow('gone');
      expect(wire.sent).toEqual([]);
    });

    it('rejects when the caller leaves while the upstream is silent', async () => {
      const leaving = new AbortController();
      const silent: Send = (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        });
      const result = subject.open(silent).getMany([jobIds[0]!, jobIds[1]!], aScope(leaving.signal));
      await settle();
      leaving.abort(new Error('gone'));
      await expect(result).rejects.toThrow('gone');
    });
  });

  describe(`${subject.name}: detail`, () => {
    it('is null, without a call, for a malformed id', async () => {
      const { wire, source } = open();
      expect(await source.detail(malformedIds[0]!, aScope())).toBeNull();
      expect(wire.sent).toEqual([]);
    });

    it('is null for a job that nobody holds', async () => {
      const { source } = open();
      expect(await source.detail(unknownId, aScope())).toBeNull();
    });
  });

  describe(`${subject.name}: list`, () => {
    const slice = (limit: number, after: Position | null): ListSlice<F> => ({
      filter: subject.everything,
      limit,
      backwards: false,
      after,
      before: null,
    });

    it.each([1, 2, 100])('gives every job once, in order, in slices of %i', async (limit) => {
      const { source } = open();
      const seen: string[] = [];
      let page: ListPage<JobSummary> | null = null;
      for (let turns = 0; page?.hasNextPage !== false && turns < 20; turns += 1) {
        const after: Position | null = page?.entries.at(-1)?.position ?? null;
        page = await source.list(slice(limit, after), aScope());
        seen.push(...page.entries.map(({ job }) => job.jobId));
      }
      expect(seen).toEqual(jobIds);
    });

    it('gives positions that survive JSON', async () => {
      const { source } = open();
      const { entries } = await source.list(slice(2, null), aScope());
      const position = JSON.parse(JSON.stringify(entries[0]!.position)) as Position;
      const next = await source.list(slice(1, position), aScope());
      expect(next.entries.map(({ job }) => job.jobId)).toEqual([jobIds[1]]);
    });

    it('rejects a position that it cannot have given', async () => {
      const { wire, source } = open();
      await expect(source.list(slice(1, [['x'], -5]), aScope())).rejects.toMatchObject({
        code: 'INVALID_CURSOR',
      });
      expect(wire.sent).toEqual([]);
    });

    it('rejects with the failure of the upstream', async () => {
      const failure = new Error('down');
      const source = subject.open(() => Promise.reject(failure));
      await expect(source.list(slice(1, null), aScope())).rejects.toBe(failure);
    });
  });
}
