/**
 * Ten thousand answers of upstreams that went wrong on the way (reliability S2, S6). Each is jobs that are whole, or an error of
 * a known kind: never anything else, never half a job, never an id that nobody sent.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { GatewayError, UpstreamError } from '../../src/model/errors.ts';
import type { JobSource } from '../../src/model/origin.ts';
import { BatchComputeClient } from '../../src/sources/batch-compute/client.ts';
import { storedBatchComputeDetail, storedBatchComputeJob } from '../../src/sources/batch-compute/stored.ts';
import { CiClient } from '../../src/sources/ci/client.ts';
import { storedCiJob } from '../../src/sources/ci/stored.ts';
import { CosClient } from '../../src/sources/cos/client.ts';
import { storedCosDetail, storedCosJob } from '../../src/sources/cos/stored.ts';
import { errorText } from '../hostile/bodies.ts';
import { outcomeOf } from '../hostile/outcome.ts';
import { http } from '../hostile/raw-upstream.ts';
import { SOURCES } from '../hostile/sources.ts';
import {
  anAnswer,
  aScope,
  BATCH_COMPUTE_ORIGIN,
  CI_ORIGIN,
  COS_ORIGIN,
  FakeWire,
} from '../sources/support.ts';
import { RIGHT_ANSWERS, type RightAnswer } from './right-answers.ts';
import { madeBy, seeded, type Tape } from './tape.ts';
import { mutated, STRANGE_TEXTS } from './text-mutations.ts';

const SEED = 20_261_102;
const BODIES = 10_000;
const BODIES_OVER_HTTP = 300;

type Json = Record<string, unknown>;

interface WrongAnswer extends RightAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** In no answer as such: whoever passes on an upstream's own words tells on itself. */
const CANARY = 'canary_7_of_evil';

const ERROR_CODES = [
  'NoSuchJob',
  'SlowDown',
  'ResourceNotFound.Job',
  'InvalidParameter.JobIdMalformed',
  'AccessDenied',
  'Unheard',
  CANARY,
];
const STATUSES = [200, 200, 200, 200, 200, 200, 204, 206, 301, 400, 403, 404, 429, 500, 503];

function wrongAnswer(tape: Tape): WrongAnswer {
  const right = tape.oneOf(RIGHT_ANSWERS);
  const more = [CANARY, `<a>${CANARY}</a>`, ...ERROR_CODES, 'JobId', 'Response', 'Error', 'Code', 'member'];
  const body = tape.chance(10) ? errorText(right.source, tape.oneOf(ERROR_CODES), CANARY) : right.body;
  return {
    ...right,
    body: tape.chance(2) ? tape.oneOf(STRANGE_TEXTS) : mutated(tape, body, more),
    status: tape.oneOf(STATUSES),
    headers: tape.oneOf<Record<string, string>>([
      {},
      {
        'retry-after': tape.oneOf([
          '-1',
          '1e9',
          'soon',
          '0x10',
          'Wed, 21 Oct 2015 07:28:00 GMT',
          '9'.repeat(400),
        ]),
      },
      { 'x-cos-request-id': tape.oneOf([CANARY, 'a b', 'a'.repeat(10_000), '<a>']) },
      { 'x-ci-request-id': tape.oneOf(STRANGE_TEXTS) },
    ]),
  };
}

describe('10,000 answers of upstreams, mutated', () => {
  it('are whole jobs with ids that were sent, or errors of a known kind', async () => {
    const members = Object.getOwnPropertyNames(Object.prototype);
    const outcomes: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(
        madeBy(30, (tape) => wrongAnswer(tape)),
        async (answer) => {
          const outcome = await outcomeIn(answer);
          outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        },
      ),
      seeded(SEED, BODIES),
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(members);
    expect('polluted' in {}).toBe(false);
    // Otherwise one half of this has said nothing.
    for (const outcome of [
      'jobs',
      'null',
      'UPSTREAM_BAD_RESPONSE',
      'UPSTREAM_UNAVAILABLE',
      'UPSTREAM_RATE_LIMITED',
    ]) {
      expect(outcomes[outcome], outcome).toBeGreaterThan(30);
    }
  }, 120_000);

  it('can all be read as they are, before they are mutated', async () => {
    const answers = RIGHT_ANSWERS.map((right) => Object.assign({ status: 200, headers: {} }, right));
    const outcomes = new Set(await Promise.all(answers.map(outcomeIn)));
    expect(outcomes).toEqual(new Set(['jobs', 'null']));
    expect(SOURCES.map((source) => answers.filter((answer) => answer.source === source).length > 5)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('are the same over a socket', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        madeBy(30, (tape) => wrongAnswer(tape)),
        async ({ source, read, body, status }) => {
          const outcome = await outcomeOf(
            source,
            http(body, status),
            async (client) => {
              const result = read === 'list' ? (await client.list()).jobs : [await client.describe()];
              return result.every((job) => job === null || isWhole(source, job as Json));
            },
            { attempts: 1 },
          );
          expect('result' in outcome ? outcome.result : true).toBe(true);
          seen.add('code' in outcome ? outcome.code : 'jobs');
        },
      ),
      seeded(SEED, BODIES_OVER_HTTP),
    );
    expect([...seen]).toEqual(expect.arrayContaining(['jobs', 'UPSTREAM_BAD_RESPONSE']));
  }, 120_000);
});

/** What a client makes of the answer: `jobs`, `null` or the code of an error. Throws where it is anything else. */
async function outcomeIn({ source, read, body, status, headers }: WrongAnswer): Promise<string> {
  const wire = new FakeWire(() => anAnswer(body, { status, headers }));
  const jobId = idIn(body) ?? 'job-a0q7m2xe';
  const asked = wellFormed(source, jobId) ? jobId : 'job-a0q7m2xe';
  try {
    const found = read === 'list' ? await listed(source, wire) : [await described(source, wire, asked)];
    if (found.length === 1 && found[0] === null) {
      return 'null';
    }
    for (const job of found) {
      expect(isWhole(source, job as Json), JSON.stringify(job)).toBe(true);
      const { jobId: told } = job as Json;
      if (told !== undefined) {
        expect(wellFormed(source, told as string)).toBe(true);
        expect(asWritten(body)).toContain(told);
        expect(read === 'list' ? told : asked).toBe(told);
      }
    }
    return 'jobs';
  } catch (error) {
    return codeOf(error);
  }
}

async function listed(source: JobSource, { send }: FakeWire): Promise<readonly object[]> {
  const scope = aScope();
  switch (source) {
    case 'COS': {
      const { jobs, nextToken, fetchedAt } = await new CosClient(COS_ORIGIN, send).listJobs(
        { status: null, maxResults: 20, nextToken: null },
        scope,
      );
      expect([nextToken ?? 'none', fetchedAt].every((text) => /^[\x21-\x7e]{1,64}$/.test(text))).toBe(true);
      return jobs;
    }
    case 'CI': {
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
      const { jobs, nextToken } = await new CiClient(CI_ORIGIN, send).listJobs(
        { filter, nextToken: null, size: 20 },
        scope,
      );
      expect(nextToken ?? 'none').toMatch(/^[\x21-\x7e]{1,64}$/);
      return jobs;
    }
    case 'BATCH_COMPUTE': {
      const client = new BatchComputeClient(BATCH_COMPUTE_ORIGIN, send);
      const { jobs, totalCount } = await client.describeJobs({ filters: [], offset: 0 }, 20, scope);
      expect(Number.isSafeInteger(totalCount) && totalCount >= 0).toBe(true);
      return jobs;
    }
  }
}

async function described(source: JobSource, { send }: FakeWire, jobId: string): Promise<object | null> {
  const scope = aScope();
  switch (source) {
    case 'COS':
      return new CosClient(COS_ORIGIN, send).describeJob(jobId, scope);
    case 'CI':
      return new CiClient(CI_ORIGIN, send).describeJob(jobId, scope);
    case 'BATCH_COMPUTE':
      return new BatchComputeClient(BATCH_COMPUTE_ORIGIN, send).describeJob(jobId, scope);
  }
}

/** Whether it has all that a job, or what is told of one besides, has to have, each in its form. */
function isWhole(source: JobSource, job: Json): boolean {
  const { detail, ...summary } = job;
  if (source === 'BATCH_COMPUTE' && detail !== undefined) {
    return isAs(storedBatchComputeDetail, detail) && typeof job['upstreamStatus'] === 'string';
  }
  const isDetailWhole = detail === undefined || isAs(storedCosDetail, detail);
  const form = { COS: storedCosJob, BATCH_COMPUTE: storedBatchComputeJob, CI: storedCiJob }[source];
  return isDetailWhole && isAs(form, summary);
}

/** Whether the value passes as it is: nothing is missing, and nothing is left out of it. */
function isAs(form: z.ZodType, value: unknown): boolean {
  const again: unknown = JSON.parse(JSON.stringify(value));
  const { data } = form.safeParse(again);
  try {
    expect(data).toStrictEqual(again);
    return true;
  } catch {
    return false;
  }
}

function wellFormed(source: JobSource, jobId: string): boolean {
  return (source === 'BATCH_COMPUTE' ? /^job-[0-9a-z]{1,60}$/ : /^[A-Za-z0-9_-]{1,64}$/).test(jobId);
}

function idIn(body: string): string | undefined {
  return /<JobId>([^<]+)<\/JobId>|"JobId":\s*"([^"]+)"/.exec(body)?.slice(1).find(Boolean);
}

/** With all that may stand for a character, or for none, taken for what it means. */
function asWritten(body: string): string {
  return body
    .replaceAll(/<!--[^]*?-->|<!\[CDATA\[|\]\]>|<\?[^]*?\?>/g, '')
    .replaceAll(/&#x([0-9a-f]+);/gi, (_, digits: string) => character(Number.parseInt(digits, 16)))
    .replaceAll(/&#(\d+);/g, (_, digits: string) => character(Number(digits)))
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, digits: string) => character(Number.parseInt(digits, 16)));
}

function character(code: number): string {
  return code <= 0x10_ffff ? String.fromCodePoint(code) : '';
}

/** Of an error that a client may see, and that says nothing in the upstream's words. */
function codeOf(error: unknown): string {
  if (!(error instanceof GatewayError)) {
    throw error;
  }
  expect(error.code).toMatch(/^(UPSTREAM_[A-Z_]+|INVALID_ID)$/);
  // An id that is fit to be one is told as it came.
  const told = JSON.stringify(error, (name, value: unknown) => (name === 'requestId' ? null : value));
  expect(`${error.message} ${told}`).not.toContain(CANARY);
  expect(error.message).not.toContain('<a>');
  expect(error.message.length).toBeLessThan(500);
  expect(error.message).not.toMatch(/[\u0000-\u001f]/);
  if (error instanceof UpstreamError) {
    const { requestId, upstreamCode, retryAfterMs } = error;
    expect(requestId ?? 'none').toMatch(/^[A-Za-z0-9+/=_.:-]{1,128}$/);
    expect(upstreamCode ?? 'none').toMatch(/^[A-Za-z0-9._-]{1,128}$/);
    expect(retryAfterMs ?? 0).toBeGreaterThanOrEqual(0);
    expect(retryAfterMs ?? 0).toBeLessThanOrEqual(20_000);
  }
  return error.code;
}
