/**
 * What keeps an answer from holding up everything else: limits that are looked at before anything is parsed, with room for
 * every lawful answer, and long listings that are decoded piece by piece. How long the pieces take is measured by
 * `bench/hostile-bodies.ts`, for a machine that runs tests has other things to do.
 */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../src/model/errors.ts';
import { CiClient } from '../../src/sources/ci/client.ts';
import * as ci from '../../src/sources/ci/decode.ts';
import { CosClient } from '../../src/sources/cos/client.ts';
import * as cos from '../../src/sources/cos/decode.ts';
import type { Send, UpstreamResponse } from '../../src/upstream/send.ts';
import { anAnswer, CI_ORIGIN, COS_ORIGIN } from '../sources/support.ts';
import { errorText, filled, jobText, listText } from './bodies.ts';
import {
  batchComputeDescription,
  batchComputePage,
  ciDescription,
  ciPage,
  CJK_TEXT,
  cosDescription,
  cosPage,
  PLAIN_TEXT,
  QUOTES,
} from './legal-pages.ts';
import { jobIds, outcomeOf } from './outcome.ts';
import { http } from './raw-upstream.ts';
import { aScope, JOB_ID } from './sources.ts';

/** The longest piece, in characters, as `xml-list.ts` cuts them. */
const PIECE_LENGTH = 16_384;

describe('an answer as full as the documents allow is understood', () => {
  it.each([
    ['500 jobs', 'COS', cosPage(500, PLAIN_TEXT), 500],
    ['500 jobs with long texts', 'COS', cosPage(500, CJK_TEXT), 500],
    ['1,000 jobs, twice as many as are asked for', 'COS', cosPage(1_000, PLAIN_TEXT), 1_000],
    ['1,000 jobs with texts of entities alone', 'COS', cosPage(1_000, QUOTES), 1_000],
    ['100 jobs with 60 parameters each', 'CI', ciPage(100), 100],
    ['100 jobs with 50 tags each', 'BATCH_COMPUTE', batchComputePage(100), 100],
  ] as const)('%s', async (_, source, body, count) => {
    const read = outcomeOf(source, http(body), jobIds);
    expect(await read).toEqual({ result: expect.objectContaining({ length: count }), attempts: 1 });
  });

  it.each([
    ['a COS job with 100 grants', 'COS', cosDescription()],
    ['a CI job with 500 parameters', 'CI', ciDescription()],
    ['a BatchCompute job with 500 tasks', 'BATCH_COMPUTE', batchComputeDescription()],
  ] as const)('%s', async (_, source, body) => {
    const read = outcomeOf(source, http(body), (client) => client.describe());
    expect(await read).toEqual({ result: expect.any(Object), attempts: 1 });
  });
});

describe('a long listing', () => {
  const FORMS = [
    ['COS', cosPage(200, PLAIN_TEXT), cos, COS_ORIGIN],
    ['CI', ciPage(50), ci, CI_ORIGIN],
  ] as const;

  it.each(FORMS)('of %s comes out in turns as it does at once', async (_, body, decode, origin) => {
    const inTurns = decode.decodeListingInTurns(origin, anAnswer(body));
    expect(inTurns).toBeInstanceOf(Promise);
    expect(await inTurns).toEqual(decode.decodeListing(origin, anAnswer(body)));
  });

  it.each(FORMS)('of %s leaves the event loop a turn for each piece', async (_, body, decode, origin) => {
    const progress = { isDone: false, turns: 0 };
    const done = Promise.resolve(decode.decodeListingInTurns(origin, anAnswer(body))).finally(() => {
      progress.isDone = true;
    });
    while (!progress.isDone) {
      await setImmediate();
      progress.turns += 1;
    }
    await done;
    expect(progress.turns).toBeGreaterThanOrEqual(body.length / PIECE_LENGTH);
  });

  it('is decoded so by the clients', async () => {
    const decoded: unknown[] = [];
    const sendOf = (body: string): Send => {
      return async (request) => {
        const result = request.decode(anAnswer(body));
        decoded.push(result);
        return await result;
      };
    };
    const [[, cosBody], [, ciBody]] = FORMS;
    const page = { status: null, maxResults: 200, nextToken: null };
    await new CosClient(COS_ORIGIN, sendOf(cosBody)).listJobs(page, aScope());
    const filter = {
      type: null,
      states: null,
      name: null,
      workflowId: null,
      jobId: null,
      createdAfter: null,
      createdBefore: null,
      order: 'NEWEST_FIRST',
    } as const;
    const request = { filter, nextToken: null, size: 50 };
    await new CiClient(CI_ORIGIN, sendOf(ciBody)).listJobs(request, aScope());
    expect(decoded).toEqual([expect.any(Promise), expect.any(Promise)]);
  });

  it.each(FORMS)(
    'of %s is refused with a promise when a late piece is wrong',
    async (_, body, decode, origin) => {
      const wrong = anAnswer(body.replace(/(.*)<JobId>/s, '$1<JobId>..'));
      await expect(decode.decodeListingInTurns(origin, wrong)).rejects.toMatchObject({
        code: 'UPSTREAM_BAD_RESPONSE',
      });
    },
  );
});

describe('an error that the upstream tells', () => {
  it.each([
    ['COS', (answer: UpstreamResponse) => cos.decodeListingInTurns(COS_ORIGIN, answer)],
    ['CI', (answer: UpstreamResponse) => ci.decodeListingInTurns(CI_ORIGIN, answer)],
  ] as const)('is thrown at once by %s, for who can mend it listens there', (source, decode) => {
    const body = errorText(source, 'RequestTimeTooSkewed');
    expect(() => decode(anAnswer(body, { status: 403 }))).toThrow(UpstreamError);
    expect(() => decode(anAnswer(body))).toThrow(UpstreamError);
  });
});

describe('a listing is refused without being parsed', () => {
  // Each is no XML at all, which whoever parsed it first would find.
  it.each([
    ['for its tags', listText('COS', [filled('<a>', 4_000_000)]), 'more than 60000 tags'],
    [
      'for the length of a job',
      listText('COS', [jobText('COS', JOB_ID, `<${filled('x', 4_000_000)}`)]),
      'characters',
    ],
    ['for what is around its jobs', listText('COS', [], `<${filled('x', 4_000_000)}`), 'characters'],
    ['for a comment in a long text', listText('COS', [], `<!--${filled('x', 4_000_000)}`), 'characters'],
  ])('%s', async (_, body, complaint) => {
    const decode = async (): Promise<unknown> => await cos.decodeListingInTurns(COS_ORIGIN, anAnswer(body));
    await expect(decode()).rejects.toThrow(complaint);
  });
});
