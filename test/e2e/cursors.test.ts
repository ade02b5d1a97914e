import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BatchComputeJobFilter,
  BatchComputePageDocument,
  type CiJobFilter,
  CiPageDocument,
  CosPageDocument,
} from '../operations/generated/graphql.ts';
import type { Answer, World } from '../support/world.ts';
import { batchComputePages, ciPages, cosPages, type ReadPage } from './pages.ts';
import { addJobs, dataOf, inEmptyWorld, OTHER_BUCKET, OTHER_REGION, REGION } from './support.ts';

const SEED = 20_260_821;

function codesOf({ errors }: Answer<unknown>): unknown[] {
  return errors.map(({ extensions }) => extensions['code']);
}

/** Each listing with 30 jobs, ten of a second. */
function addThirty(world: World, place?: { cos: string; batchCompute: string; ci: string }): void {
  for (const upstream of ['cos', 'batchCompute', 'ci'] as const) {
    addJobs(world, upstream, 30, { perSecond: 10, ...(place && { place: place[upstream] }) });
  }
}

const LISTINGS: readonly [field: string, pages: (world: World) => ReadPage][] = [
  ['cosJobs', (world) => cosPages(world)],
  ['batchComputeJobs', (world) => batchComputePages(world)],
  ['ciJobs', (world) => ciPages(world)],
];

describe('a cursor', () => {
  it.each(LISTINGS)('of %s is URL-safe and at most 1 KiB long, and each edge has its own', (_, pages) =>
    inEmptyWorld(async (world) => {
      addThirty(world);
      const { edges } = await pages(world)(30, null);
      expect(new Set(edges.map(({ cursor }) => cursor)).size).toBe(30);
      for (const { cursor } of edges) {
        expect(cursor).toMatch(/^[A-Za-z0-9_-]{1,1024}$/);
      }
    }),
  );

  it('of BatchCompute is at most 1 KiB long among jobs of one second, and leads on where its own job has gone', () =>
    inEmptyWorld(async (world) => {
      // As many neighbours on both sides as a cursor ever remembers.
      addJobs(world, 'batchCompute', 49, { perSecond: 49 });
      const read = batchComputePages(world);
      const { edges } = await read(49, null);
      for (const { cursor } of edges) {
        expect(cursor).toMatch(/^[A-Za-z0-9_-]{1,1024}$/);
      }
      const middle = edges[24];
      world.sandbox.batchCompute.remove(REGION, middle?.node.jobId ?? '');
      const next = await read(24, middle?.cursor ?? '');
      expect(next.edges.map(({ node }) => node)).toEqual(edges.slice(25).map(({ node }) => node));
    }));

  it.each([9, 20, 60])(
    'of BatchCompute is at most 1 KiB long, and leads on, also when ids have %i characters',
    (length) =>
      inEmptyWorld(async (world) => {
        addJobs(world, 'batchCompute', 60, {
          perSecond: 60,
          like: (index) => ({ jobId: `job-${String(index).padStart(length, 'x')}` }),
        });
        const read = batchComputePages(world);
        const { edges } = await read(60, null);
        for (const [index, { cursor }] of edges.entries()) {
          expect(cursor).toMatch(/^[A-Za-z0-9_-]{1,1024}$/);
          if (index % 10 === 9) {
            const next = await read(3, cursor);
            expect(next.edges.map(({ node }) => node)).toEqual(
              edges.slice(index + 1, index + 4).map(({ node }) => node),
            );
          }
        }
      }),
  );

  it('holds nothing of the credentials', () =>
    inEmptyWorld(async (world) => {
      addThirty(world);
      const { secretId, secretKey, uin, appId } = world.sandbox.account;
      for (const [, pages] of LISTINGS) {
        const { edges } = await pages(world)(1, null);
        const text = Buffer.from(edges[0]?.cursor ?? '', 'base64url').toString('latin1');
        expect(text).not.toBe('');
        for (const secret of [secretId, secretKey, uin, appId]) {
          expect(text).not.toContain(secret);
        }
      }
    }));

  it('of another field, place or filter is an INVALID_CURSOR without a call', () =>
    inEmptyWorld(async (world) => {
      addThirty(world);
      addThirty(world, { cos: OTHER_REGION, batchCompute: OTHER_REGION, ci: OTHER_BUCKET });
      const cursorOf = async (read: ReadPage): Promise<string> =>
        (await read(5, null)).pageInfo.endCursor ?? '';
      const cos = await cursorOf(cosPages(world));
      const batchCompute = await cursorOf(batchComputePages(world));
      const ci = await cursorOf(ciPages(world));
      world.sandbox.clearCalls();
      const filter = {
        batchCompute: { states: ['SUCCEED'] } satisfies BatchComputeJobFilter,
        ci: { order: 'OLDEST_FIRST' } satisfies CiJobFilter,
      };
      const answers: Answer<unknown>[] = [
        await world.ask(CosPageDocument, { after: batchCompute }),
        await world.ask(CosPageDocument, { after: ci }),
        await world.ask(CosPageDocument, { after: cos, region: OTHER_REGION }),
        await world.ask(CosPageDocument, { after: cos, status: 'COMPLETE' }),
        await world.ask(BatchComputePageDocument, { after: cos }),
        await world.ask(BatchComputePageDocument, { before: ci, last: 2 }),
        await world.ask(BatchComputePageDocument, { after: batchCompute, region: OTHER_REGION }),
        await world.ask(BatchComputePageDocument, { after: batchCompute, filter: filter.batchCompute }),
        await world.ask(CiPageDocument, { after: cos }),
        await world.ask(CiPageDocument, { after: batchCompute }),
        await world.ask(CiPageDocument, { after: ci, bucket: OTHER_BUCKET }),
        await world.ask(CiPageDocument, { after: ci, filter: filter.ci }),
      ];
      expect(answers.map(codesOf)).toEqual(answers.map(() => ['INVALID_CURSOR']));
      expect(answers.map(({ data }) => data)).toEqual(answers.map(() => ({ page: null })));
      expect(world.calls()).toEqual([]);
    }));

  it('is taken for the same filter whether its defaults are written out or not', () =>
    inEmptyWorld(async (world) => {
      addThirty(world);
      const { pageInfo } = await ciPages(world, {})(5, null);
      const after = pageInfo.endCursor;
      const same: CiJobFilter[] = [{ order: 'NEWEST_FIRST' }, { type: null, states: null, name: null }];
      for (const filter of same) {
        expect(dataOf(await world.ask(CiPageDocument, { first: 5, after, filter })).page?.edges).toHaveLength(
          5,
        );
      }
    }));

  it.each(LISTINGS)(
    'of %s that has been changed in any way is an INVALID_CURSOR without a call',
    (field, pages) =>
      inEmptyWorld(async (world) => {
        addThirty(world);
        const { edges } = await pages(world)(30, null);
        const genuine = edges.map(({ cursor }) => cursor);
        world.sandbox.clearCalls();
        const batch = fc.array(mutated(genuine), { minLength: 20, maxLength: 20 });
        await fc.assert(
          fc.asyncProperty(batch, async (cursors) => {
            const names = cursors.map((_, index) => `c${index}`);
            const query = `query (${names.map((name) => `$${name}: String`).join(' ')}) {
            ${names.map((name) => `${name}: ${field}(after: $${name}) { totalCount }`).join('\n')}
          }`;
            const variables = Object.fromEntries(cursors.map((cursor, index) => [`c${index}`, cursor]));
            const answer = await world.askText(query, variables);
            expect(codesOf(answer)).toEqual(Array(20).fill('INVALID_CURSOR'));
            expect(answer.data).toEqual(Object.fromEntries(names.map((name) => [name, null])));
            expect(world.calls()).toEqual([]);
          }),
          { seed: SEED, numRuns: 100 },
        );
      }),
  );

  it('of a COS job that the product no longer lists is an INVALID_CURSOR', () =>
    inEmptyWorld(async (world) => {
      const jobs = addJobs(world, 'cos', 10).toSorted();
      const { edges } = await cosPages(world)(5, null);
      const { cursor: after = '' } = edges[2] ?? {};
      world.sandbox.cos.remove(REGION, jobs[2] ?? '');
      world.sandbox.clearCalls();
      // The product continues behind an id that it once gave, so a removed job still leads on …
      expect(dataOf(await world.ask(CosPageDocument, { first: 2, after })).page?.edges).toHaveLength(2);
      // … until it refuses the token.
      world.sandbox.faults.add({
        upstream: 'cos',
        action: 'ListJobs',
        fault: { kind: 'error', code: 'InvalidArgument', status: 400 },
      });
      const refused = await world.ask(CosPageDocument, { first: 2, after });
      expect(codesOf(refused)).toEqual(['INVALID_CURSOR']);
      expect(refused.data).toEqual({ page: null });
      // Without a cursor the same refusal is the gateway's own fault.
      expect(codesOf(await world.ask(CosPageDocument, { first: 2 }))).toEqual(['UPSTREAM_REJECTED']);
      expect(world.calls('ListJobs')).toHaveLength(3);
    }));

  it('whose token CI refuses is an INVALID_CURSOR', () =>
    inEmptyWorld(async (world) => {
      addJobs(world, 'ci', 10);
      const { pageInfo } = await ciPages(world)(5, null);
      world.sandbox.faults.add({
        upstream: 'ci',
        fault: { kind: 'error', code: 'InvalidArgument', status: 400 },
      });
      const refused = await world.ask(CiPageDocument, { first: 2, after: pageInfo.endCursor });
      expect(codesOf(refused)).toEqual(['INVALID_CURSOR']);
    }));
});

/** A text near to one of the genuine cursors, and none of them. */
function mutated(genuine: readonly string[]): fc.Arbitrary<string> {
  const place = fc.nat(1_023);
  const character = fc.constantFrom(...'ABCXYZabcxyz0189-_=+/ .\u0000é'.split(''));
  const cursor = fc.constantFrom(...genuine);
  const at = (text: string, index: number): number => index % text.length;
  const edited = fc.oneof(
    fc.tuple(cursor, place, character).map(([text, index, letter]) => {
      const cut = at(text, index);
      return text.slice(0, cut) + letter + text.slice(cut + 1);
    }),
    fc.tuple(cursor, place).map(([text, index]) => text.slice(0, at(text, index))),
    fc.tuple(cursor, place, character).map(([text, index, letter]) => {
      const cut = at(text, index);
      return text.slice(0, cut) + letter + text.slice(cut);
    }),
    fc.tuple(cursor, fc.constantFrom('=', '==', ' ', '\n', 'A', '.')).map(([text, tail]) => text + tail),
    fc.tuple(cursor, cursor).map(([left, right]) => left.slice(0, 20) + right.slice(20)),
    cursor.map((text) => text.replaceAll('-', '+').replaceAll('_', '/')),
    cursor.map((text) => text.toLowerCase()),
  );
  // The content itself changed with care, as a client would that reads cursors.
  const rewritten = fc
    .tuple(cursor, fc.nat(9), fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.array(fc.string())))
    .map(([text, index, value]) => {
      const parts = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
      const changed = parts.with(index % parts.length, value);
      return Buffer.from(JSON.stringify(changed)).toString('base64url');
    });
  const strange = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
    fc.constantFrom('', 'null', '[]', 'W10', 'A'.repeat(5_000), 'WzEsIiJd'),
  );
  return fc
    .oneof(
      { weight: 6, arbitrary: edited },
      { weight: 3, arbitrary: rewritten },
      { weight: 2, arbitrary: strange },
    )
    .filter((text) => !genuine.includes(text));
}

describe('first and last', () => {
  it.each([0, -1, 501, 2_147_483_647, -2_147_483_648])('refuse %i without a call', (count) =>
    inEmptyWorld(async (world) => {
      const answers: Answer<unknown>[] = [
        await world.ask(CosPageDocument, { first: count }),
        await world.ask(CiPageDocument, { first: count }),
        await world.ask(BatchComputePageDocument, { first: count }),
        await world.ask(BatchComputePageDocument, { last: count }),
      ];
      expect(answers.map(codesOf)).toEqual(answers.map(() => ['BAD_USER_INPUT']));
      expect(answers.map(({ data }) => data)).toEqual(answers.map(() => ({ page: null })));
      expect(world.calls()).toEqual([]);
    }),
  );

  it('refuse each other, and each the other’s cursor argument, without a call', () =>
    inEmptyWorld(async (world) => {
      addThirty(world);
      const { endCursor } = (await batchComputePages(world)(5, null)).pageInfo;
      world.sandbox.clearCalls();
      const crossed = [
        { first: 5, last: 5 },
        { first: 5, before: endCursor },
        { last: 5, after: endCursor },
        { first: 5, after: endCursor, before: endCursor },
        { after: endCursor, before: endCursor },
      ];
      for (const variables of crossed) {
        const answer = await world.ask(BatchComputePageDocument, variables);
        expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
        expect(answer.data).toEqual({ page: null });
      }
      expect(world.calls()).toEqual([]);
    }));

  it('refuse what is no whole number as a fault of the request', () =>
    inEmptyWorld(async (world) => {
      for (const first of ['5', 1.5, 2 ** 31, true]) {
        const answer = await world.askText('query ($first: Int) { cosJobs(first: $first) { totalCount } }', {
          first,
        });
        expect(answer.data ?? null).toBeNull();
        expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
      }
      expect(world.calls()).toEqual([]);
    }));

  it('are taken from one to five hundred', () =>
    inEmptyWorld(async (world) => {
      addThirty(world);
      for (const first of [1, 500]) {
        const size = Math.min(first, 30);
        expect((await cosPages(world)(first, null)).edges).toHaveLength(size);
        expect((await ciPages(world)(first, null)).edges).toHaveLength(size);
        expect((await batchComputePages(world)(first, null)).edges).toHaveLength(size);
        const back = dataOf(await world.ask(BatchComputePageDocument, { last: first })).page;
        expect(back?.edges).toHaveLength(size);
      }
    }));

  it('leave out the listing’s neighbours: a refused argument nulls its own field alone', () =>
    inEmptyWorld(async (world) => {
      addThirty(world);
      const answer = await world.askText(
        '{ bad: cosJobs(first: 0) { totalCount } good: batchComputeJobs(first: 1) { totalCount } }',
      );
      expect(answer.data).toEqual({ bad: null, good: { totalCount: 30 } });
      expect(answer.errors.map(({ path }) => path)).toEqual([['bad']]);
    }));
});
