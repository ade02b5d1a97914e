/** Rows U11 and U14 to U44 of `reliability.md` section 3.4: complete answers of HTTP that are wrong in what they say. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JobSource } from '../../src/model/origin.ts';
import { CANARY, descriptionText, errorText, filled, jobText, listOf, listText } from './bodies.ts';
import { forEachSource, jobIds, outcomesOf } from './outcome.ts';
import { http, type Play, startRawUpstream } from './raw-upstream.ts';
import { type HostileClient, hostileClient, JOB_ID, SOURCES } from './sources.ts';

const KIB = 1_024;
const MIB = KIB * KIB;
/** Less than the 4 MiB that are read, so that it is the decoder that refuses. */
const ALMOST_ALL = 4 * MIB - 4 * KIB;

const XML = ['COS', 'CI'] as const;
const JSON_ONLY = ['BATCH_COMPUTE'] as const;
type Sources = readonly JobSource[];
type BodyOf = (source: JobSource) => string;

const page: BodyOf = (source) => listOf(source, ['job-aaaaaaaa', JOB_ID]);
const withMore =
  (more: string): BodyOf =>
  (source) =>
    listText(source, [jobText(source, JOB_ID, more)]);
const beside =
  (more: string): BodyOf =>
  (source) =>
    listText(source, [jobText(source, JOB_ID)], more);
const nested = (depth: number): string => `${'<A>'.repeat(depth)}${'</A>'.repeat(depth)}`;

const describeJob = (client: HostileClient): Promise<unknown> => client.describe();

const REFUSED: readonly (readonly [row: string, what: string, sources: Sources, body: BodyOf])[] = [
  ['U7', 'a page cut at the end of a tag', XML, (source) => page(source).replace(/<\/[^<]*$/, '')],
  ['U7', 'a page cut within a value', JSON_ONLY, (source) => page(source).slice(0, 60)],
  ['U11', '256 KiB of tags', XML, beside(filled('<a/>', 256 * KIB))],
  ['U11', '4 MiB of tags', XML, beside(filled('<a/>', ALMOST_ALL))],
  ['U11', '4 MiB of tags within a job', XML, withMore(filled('<a/>', ALMOST_ALL))],
  ['U11', '4 MiB of empty jobs', XML, (source) => listText(source, [filled('<member/>', ALMOST_ALL)])],
  ['U11', '4 MiB of brackets', JSON_ONLY, beside(`,"x":${filled('[', ALMOST_ALL)}`)],
  [
    'U11',
    '4 MiB of names',
    JSON_ONLY,
    beside(`,"x":{${Array.from({ length: 300_000 }, (_, n) => `"k${n}":0`).join(',')}}`),
  ],
  ['U11', '4 MiB of empty objects', JSON_ONLY, beside(`,"x":[${filled('{},', ALMOST_ALL)}0]`)],
  ['U11', '4 MiB of escapes', JSON_ONLY, beside(`,"x":"${filled(String.raw`\n`, ALMOST_ALL)}"`)],
  ['U14', 'the page of a portal', SOURCES, () => `<!DOCTYPE html><html><body>${CANARY}</body></html>`],
  ['U14', 'a page that is XML as well', SOURCES, () => `<html><head/><body><p>${CANARY}</p></body></html>`],
  ['U14', 'plain words', SOURCES, () => CANARY],
  ['U16', 'JSON where XML is due', XML, () => page('BATCH_COMPUTE')],
  ['U16', 'XML where JSON is due', JSON_ONLY, () => page('COS')],
  ['U16', 'a list where an object is due', JSON_ONLY, () => '[{"Response":{}}]'],
  ['U18', 'nothing', SOURCES, () => ''],
  ['U18', 'white space', SOURCES, () => ' \n\t'],
  ['U18', 'null', SOURCES, () => 'null'],
  ['U19', 'an element that is not closed', XML, beside('<A>')],
  ['U19', 'an element that is closed twice', XML, beside('</A>')],
  ['U19', 'elements that overlap', XML, beside('<A><B></A></B>')],
  ['U19', 'two roots', XML, (source) => page(source).repeat(2)],
  ['U19', 'text behind the root', XML, (source) => `${page(source)}x`],
  ['U19', 'text and a comment behind the root', XML, (source) => `${page(source)}x<!-- y -->`],
  ['U19', 'CDATA behind the root', XML, (source) => `${page(source)}<![CDATA[x]]>`],
  ['U19', 'text before the root', XML, (source) => `x${page(source)}`],
  ['U19', 'two values', JSON_ONLY, (source) => page(source).repeat(2)],
  ['U19', 'an element without a name', XML, beside('<>x</>')],
  ['U19', 'an answer within another', XML, (source) => `<wrap>${page(source)}</wrap>`],
  [
    'U20',
    'a billion laughs',
    XML,
    (source) =>
      `<!DOCTYPE x [<!ENTITY a "ha">${Array.from({ length: 9 }, (_, n) => `<!ENTITY b${n} "${`&${n === 0 ? 'a' : `b${n - 1}`};`.repeat(10)}">`).join('')}]>${beside('<A>&b8;</A>')(source)}`,
  ],
  [
    'U20',
    '50 KB a thousand times',
    XML,
    (source) =>
      `<!DOCTYPE x [<!ENTITY a "${'x'.repeat(50_000)}">]>${beside(`<A>${'&a;'.repeat(1_000)}</A>`)(source)}`,
  ],
  [
    'U20',
    'an external entity',
    XML,
    (source) => `<!doctype x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${beside('<A>&a;</A>')(source)}`,
  ],
  ['U20', 'a DOCTYPE behind the page', XML, (source) => `${page(source)}<!DOCTYPE x>`],
  ['U20', 'a DOCTYPE amid a long page', XML, beside(`<!DOCTYPE x>${' '.repeat(64 * KIB)}`)],
  ['U21', 'a million named entities', XML, withMore(`<Name>${filled('&lt;', ALMOST_ALL)}</Name>`)],
  ['U21', '800,000 numbered entities', XML, withMore(`<Name>${filled('&#39;', ALMOST_ALL)}</Name>`)],
  ['U22', 'a nesting of 110', XML, withMore(nested(110))],
  ['U22', 'a nesting of 100,000', XML, withMore(nested(100_000))],
  ['U22', 'a nesting of 100,000', JSON_ONLY, beside(`,"x":${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
  ...['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'valueOf'].map(
    (name) => ['U22', `an element named ${name}`, XML, withMore(`<${name}><x>1</x></${name}>`)] as const,
  ),
  ['U24', 'a job without id', XML, (source) => page(source).replace(`<JobId>${JOB_ID}</JobId>`, '')],
  ['U24', 'a job without id', JSON_ONLY, (source) => page(source).replace(`"JobId":"${JOB_ID}",`, '')],
  ['U24', 'a job whose id is a path', SOURCES, (source) => listOf(source, [JOB_ID, '..'])],
  ['U24', 'a job whose id is a line of a log', SOURCES, (source) => listOf(source, [JOB_ID, 'a\nb'])],
  ['U24', 'a job whose id has 65 characters', SOURCES, (source) => listOf(source, ['job-'.padEnd(65, 'a')])],
  [
    'U24',
    'text among the jobs',
    XML,
    (source) => listText(source, ['<member>x</member>', '<JobsDetail>x</JobsDetail>']),
  ],
  ['U24', 'null among the jobs', JSON_ONLY, (source) => listText(source, ['null'])],
  ['U25', 'a job without status', XML, (source) => page(source).replace(/<(Status|State)>\w+<\/\1>/, '')],
  ['U25', 'a job without status', JSON_ONLY, (source) => page(source).replace('"JobState":"RUNNING",', '')],
  ['U31', 'a token of 10 KB', XML, beside(`<NextToken>${'t'.repeat(10 * KIB)}</NextToken>`)],
  ['U31', 'a token with a line break in it', XML, beside('<NextToken>a\r\nb</NextToken>')],
  ['U34', 'an id twice', XML, withMore(`<JobId>${JOB_ID}</JobId>`)],
  [
    'U34',
    'an id that is a list',
    JSON_ONLY,
    (source) => page(source).replace(`"${JOB_ID}"`, `["${JOB_ID}"]`),
  ],
  ['U34', 'elements where an id is due', XML, (source) => page(source).replace(JOB_ID, '<a/>')],
  ['U34', 'an object where a name is due', JSON_ONLY, withMore(',"JobName":{}')],
  ['U34', 'a number where a name is due', JSON_ONLY, withMore(',"JobName":7')],
];

describe('a listing is refused whole, and asked for once more, when it is', () => {
  it.each(REFUSED)('%s: %s (%s)', async (_, _what, sources, body) => {
    const outcomes = await outcomesOf((source) => http(body(source)), jobIds, { sources });
    const expected = { code: 'UPSTREAM_BAD_RESPONSE', retryable: true, upstreamCode: null, attempts: 2 };
    expect(outcomes).toEqual(forEachSource(() => expect.objectContaining(expected), sources));
  });

  it.each([201, 202, 204, 205, 206])('U18: nothing, with status %i', async (status) => {
    const outcomes = await outcomesOf(() => http('', status), jobIds);
    const expected = { code: 'UPSTREAM_BAD_RESPONSE', attempts: 2 };
    expect(outcomes).toEqual(forEachSource(() => expect.objectContaining(expected)));
  });
});

describe('a description is refused when it is', () => {
  it.each([
    ['U11', 'of 256 KiB of tags', XML, filled('<a/>', 256 * KIB)],
    ['U11', 'of one long text', XML, `<Name>${filled('x', 256 * KIB)}</Name>`],
    ['U11', 'of 4 MiB of brackets', JSON_ONLY, `,"x":${filled('[', ALMOST_ALL)}`],
    ['U22', 'nested 110 deep', XML, nested(110)],
    ['U34', 'of two ids', XML, `<JobId>${JOB_ID}</JobId>`],
    ['U34', 'of a name that is an object', JSON_ONLY, ',"StateReason":{}'],
  ] as const)('%s: %s (%s)', async (_, _what, sources, more) => {
    const outcomes = await outcomesOf((source) => http(descriptionText(source, JOB_ID, more)), describeJob, {
      sources,
    });
    const expected = { code: 'UPSTREAM_BAD_RESPONSE', retryable: true, attempts: 2 };
    expect(outcomes).toEqual(forEachSource(() => expect.objectContaining(expected), sources));
  });

  it('U33: that of another job', async () => {
    const outcomes = await outcomesOf((source) => http(descriptionText(source, 'job-bbbbbbbb')), describeJob);
    const expected = { code: 'UPSTREAM_BAD_RESPONSE', attempts: 2 };
    expect(outcomes).toEqual(forEachSource(() => expect.objectContaining(expected)));
  });
});

describe('a job that is not there', () => {
  const UNKNOWN: Readonly<Record<JobSource, Play>> = {
    COS: http(errorText('COS', 'NoSuchJob'), 404),
    BATCH_COMPUTE: http(errorText('BATCH_COMPUTE', 'ResourceNotFound.Job')),
    CI: http(`<Response><NonExistJobIds>${JOB_ID}</NonExistJobIds></Response>`),
  };

  it('U33: is null, and no error', async () => {
    const outcomes = await outcomesOf((source) => UNKNOWN[source], describeJob);
    expect(outcomes).toEqual(forEachSource(() => ({ result: null, attempts: 1 })));
  });
});

/** The first job of a listing of one source that gives this body. */
async function firstJob(source: JobSource, body: string): Promise<unknown> {
  const upstream = await startRawUpstream(http(body));
  const client = hostileClient(source, upstream.endpoint);
  onTestFinished(async () => {
    await client.close();
    await upstream.close();
  });
  return (await client.list()).jobs[0];
}

describe('a listing is understood although', () => {
  it.each([
    ['no list at all', '<ListJobsResult/>', '<Response/>'],
    ['an empty list', '<ListJobsResult><Jobs/></ListJobsResult>', '<Response></Response>'],
    ['a list of white space', '<ListJobsResult><Jobs>\n</Jobs></ListJobsResult>', '<Response>\n</Response>'],
  ])('U23: it has %s', async (_, cos, ci) => {
    const body = { COS: cos, CI: ci, BATCH_COMPUTE: listOf('BATCH_COMPUTE', []) };
    expect(await outcomesOf((source) => http(body[source]), jobIds)).toEqual(
      forEachSource(() => ({ result: [], attempts: 1 })),
    );
  });

  it.each([1, 2, 1_001])('U23, U32: it has %i jobs, whatever was asked for', async (count) => {
    const ids = Array.from({ length: count }, (_, n) => `job-a${n}`);
    expect(await outcomesOf((source) => http(listOf(source, ids)), jobIds)).toEqual(
      forEachSource(() => ({ result: ids, attempts: 1 })),
    );
  });

  it.each(['0012e4', '0x1F', '12345678901234567890', 'true', '1e400', '__proto__'])(
    'U27: an id is %s',
    async (jobId) => {
      const outcomes = await outcomesOf((source) => http(listOf(source, [jobId])), jobIds, { sources: XML });
      expect(outcomes).toEqual(forEachSource(() => ({ result: [jobId], attempts: 1 }), XML));
    },
  );

  it.each(['-', '', ' ', '0', '1646092805', 'soon', '275761-01-01T00:00:00Z', '2026-02-30T00:00:00Z'])(
    'U25, U28: its times are %j',
    async (time) => {
      const times = `<CreationTime>${time}</CreationTime><TerminationDate>${time}</TerminationDate><EndTime>${time}</EndTime>`;
      const jobs = [
        await firstJob('COS', withMore(times)('COS')),
        await firstJob('CI', withMore(times)('CI')),
        await firstJob(
          'BATCH_COMPUTE',
          withMore(`,"EndTime":"${time}"`)('BATCH_COMPUTE').replace('2026-03-01T00:00:05Z', time),
        ),
      ];
      expect(jobs).toEqual(Array(3).fill(expect.objectContaining({ createdAt: null, endedAt: null })));
    },
  );

  it('U25: it tells no times, counts, names or numbers', async () => {
    const bare = listOf('BATCH_COMPUTE', [JOB_ID]).replace('"CreateTime":"2026-03-01T00:00:05Z",', '');
    const jobs = [
      await firstJob('COS', listOf('COS', [JOB_ID])),
      await firstJob('CI', listOf('CI', [JOB_ID])),
      await firstJob('BATCH_COMPUTE', bare),
    ];
    const nothing = { name: null, priority: null, createdAt: null, endedAt: null };
    expect(jobs).toEqual(Array(3).fill(expect.objectContaining(nothing)));
  });

  it('U28: its times are of another zone', async () => {
    const time = '<CreationTime>2022-06-27T15:23:10+0800</CreationTime>';
    expect(await firstJob('CI', withMore(time)('CI'))).toMatchObject({ createdAt: '2022-06-27T07:23:10Z' });
  });

  it.each(['hibernating', 'constructor', '__proto__', CANARY])('U26: a status is %j', async (word) => {
    const jobs = await Promise.all(
      SOURCES.map((source) =>
        firstJob(source, listOf(source, [JOB_ID]).replace(/Active|Running|RUNNING/, word)),
      ),
    );
    expect(jobs).toEqual(
      Array(3).fill(expect.objectContaining({ status: 'UNKNOWN', upstreamStatus: word, isFinished: false })),
    );
  });

  it.each(['-1', '0.5', '1e30', '1e400', '9007199254740992', '"7"', 'true', '{}'])(
    'U29: a count of tasks is %s',
    async (count) => {
      const cosProgress = `<ProgressSummary><TotalNumberOfTasks>${count}</TotalNumberOfTasks></ProgressSummary>`;
      expect(await firstJob('COS', withMore(cosProgress)('COS'))).toMatchObject({ progress: null });
      const body = listOf('BATCH_COMPUTE', [JOB_ID]).replace('{}', `{"FailedCount":${count}}`);
      expect(await firstJob('BATCH_COMPUTE', body)).toMatchObject({ progress: null });
    },
  );

  it('U29: its counts together are beyond all numbers', async () => {
    const counts = '{"FailedCount":9007199254740991,"SucceedCount":9007199254740991}';
    const body = listOf('BATCH_COMPUTE', [JOB_ID]).replace('{}', counts);
    expect(await firstJob('BATCH_COMPUTE', body)).toMatchObject({ progress: null });
  });

  it('U29: more tasks have ended than there are', async () => {
    const summary =
      '<ProgressSummary><TotalNumberOfTasks>2</TotalNumberOfTasks><NumberOfTasksFailed>3</NumberOfTasksFailed></ProgressSummary>';
    expect(await firstJob('COS', withMore(summary)('COS'))).toMatchObject({
      progress: { total: 2, failed: 3 },
    });
  });

  it.each(['2147483648', '-2147483649', '1e30', '0.5', '"high"', 'null'])(
    'U29: a priority is %s',
    async (priority) => {
      const jobs = [
        await firstJob('COS', withMore(`<Priority>${priority}</Priority>`)('COS')),
        await firstJob('BATCH_COMPUTE', withMore(`,"Priority":${priority}`)('BATCH_COMPUTE')),
      ];
      expect(jobs).toEqual(Array(2).fill(expect.objectContaining({ priority: null })));
    },
  );

  it('U21: a text is full of entities, which are decoded once', async () => {
    const text = 'R&amp;D &lt;b&gt; &quot;x&quot; &apos;y&#39; &#x4e2d; &amp;lt; &amp;#39; &unknown;';
    const decoded = 'R&D <b> "x" \'y\' 中 &lt; &#39; &unknown;';
    const cos = await firstJob('COS', withMore(`<Description>${text}</Description>`)('COS'));
    expect(cos).toMatchObject({ description: decoded });
    const ci = await firstJob('CI', withMore(`<Name>${text}</Name>`)('CI'));
    expect(ci).toMatchObject({ name: decoded });
  });

  it('U35: a text holds scripts, colours, directions and control characters', async () => {
    const text = '<script>alert(1)</script> \u202ereversed\u2066 \u001b[31mred \u0000\u0007 tab\t line\n';
    const cleaned = '<script>alert(1)</script> \u202ereversed\u2066 \ufffd[31mred \ufffd\ufffd tab\t line\n';
    const asXml = text.replaceAll('<', '&lt;');
    const jobs = [
      await firstJob('COS', withMore(`<Description>${asXml}</Description>`)('COS')),
      await firstJob('CI', withMore(`<Name>${asXml}</Name>`)('CI')),
      await firstJob('BATCH_COMPUTE', withMore(`,"JobName":${JSON.stringify(text)}`)('BATCH_COMPUTE')),
    ];
    expect(jobs).toMatchObject([{ description: cleaned }, { name: cleaned }, { name: cleaned }]);
  });

  it('U35: a text holds half a character', async () => {
    const job = await firstJob('BATCH_COMPUTE', withMore(String.raw`,"JobName":"a\ud800b"`)('BATCH_COMPUTE'));
    expect(job).toMatchObject({ name: 'a\ud800b' });
  });

  it('U22: a member has a name that every object has', async () => {
    const more = withMore(',"__proto__":{"JobName":"a"},"constructor":1,"hasOwnProperty":1')('BATCH_COMPUTE');
    expect(await firstJob('BATCH_COMPUTE', more)).toMatchObject({ jobId: JOB_ID, name: null });
    expect(({} as { JobName?: string }).JobName).toBeUndefined();
  });

  it.each([
    ['', null],
    ['<NextToken/>', null],
    ['<NextToken> </NextToken>', null],
    ['<NextToken>0012e4</NextToken>', '0012e4'],
  ])('U31: its token is %j', async (element, nextToken) => {
    const read = async (client: HostileClient): Promise<unknown> => (await client.list()).nextToken;
    const outcomes = await outcomesOf((source) => http(beside(element)(source)), read, { sources: XML });
    expect(outcomes).toEqual(forEachSource(() => ({ result: nextToken, attempts: 1 }), XML));
  });
});

/** Codes that say the same in the words of each source. */
const words = (cos: string, batchCompute: string, ci = cos): Readonly<Record<JobSource, string>> => ({
  COS: cos,
  BATCH_COMPUTE: batchCompute,
  CI: ci,
});
const ATTEMPTS = { COS: 3, CI: 3, BATCH_COMPUTE: 2 } as const;

const ERRORS = [
  ['U36', words('SignatureDoesNotMatch', 'AuthFailure.SignatureFailure'), 'UPSTREAM_AUTH_FAILED', 1],
  ['U36', words('InvalidAccessKeyId', 'AuthFailure.SecretIdNotFound'), 'UPSTREAM_AUTH_FAILED', 1],
  ['U36', words('AccessDenied', 'UnauthorizedOperation'), 'UPSTREAM_FORBIDDEN', 1],
  // No `Date` tells how far off the clock is, so there is nothing to correct.
  ['U37', words('RequestTimeTooSkewed', 'AuthFailure.SignatureExpire'), 'UPSTREAM_AUTH_FAILED', 1],
  // No holder of the credential renews it here.
  ['U38', words('ExpiredToken', 'AuthFailure.TokenFailure'), 'UPSTREAM_AUTH_FAILED', 1],
  ['U39', words('SlowDown', 'RequestLimitExceeded'), 'UPSTREAM_RATE_LIMITED', ATTEMPTS],
  ['U39', words('SlowDown', 'RequestLimitExceeded.UinLimitExceeded'), 'UPSTREAM_RATE_LIMITED', ATTEMPTS],
  ['U41', words('InternalError', 'InternalError'), 'UPSTREAM_UNAVAILABLE', ATTEMPTS],
  ['U41', words('ServiceUnavailable', 'ResourceUnavailable'), 'UPSTREAM_UNAVAILABLE', ATTEMPTS],
  ['U42', words('InvalidRequest', 'InvalidParameter.JobIdMalformed'), 'UPSTREAM_REJECTED', 1],
  ['U43', words('NeverHeardOf', 'NeverHeardOf.Such'), 'UPSTREAM_REJECTED', 1],
] as const;

describe('an error of the upstream’s own', () => {
  it.each(ERRORS)('%s: %o with status 200 is %s (U15, U17)', async (_, codes, code, attempts) => {
    const message = `${CANARY} AKIDHOSTILE StringToSign q-sign-algorithm=sha1`;
    const outcomes = await outcomesOf((source) => http(errorText(source, codes[source], message)), jobIds);
    expect(outcomes).toEqual(
      forEachSource((source) => ({
        code,
        retryable: typeof attempts !== 'number',
        upstreamCode: codes[source],
        requestId: 'in-body',
        attempts: typeof attempts === 'number' ? attempts : attempts[source],
      })),
    );
  });

  it.each([
    ['U36', 401, 'UPSTREAM_AUTH_FAILED', 1],
    ['U36', 403, 'UPSTREAM_AUTH_FAILED', 1],
    ['U39', 429, 'UPSTREAM_RATE_LIMITED', ATTEMPTS],
    ['U41', 500, 'UPSTREAM_UNAVAILABLE', ATTEMPTS],
    ['U41', 502, 'UPSTREAM_UNAVAILABLE', ATTEMPTS],
    ['U41', 503, 'UPSTREAM_UNAVAILABLE', ATTEMPTS],
    ['U41', 504, 'UPSTREAM_UNAVAILABLE', ATTEMPTS],
    ['U41', 999, 'UPSTREAM_UNAVAILABLE', ATTEMPTS],
    ['U43', 400, 'UPSTREAM_REJECTED', 1],
    ['U43', 404, 'UPSTREAM_REJECTED', 1],
  ] as const)('%s: of status %i with a page of HTML is %s', async (_, status, code, attempts) => {
    const outcomes = await outcomesOf(() => http(`<html><h1>${CANARY}</h1></html>`, status), jobIds);
    expect(outcomes).toEqual(
      forEachSource((source) => ({
        code,
        retryable: typeof attempts !== 'number',
        upstreamCode: null,
        requestId: null,
        attempts: typeof attempts === 'number' ? attempts : attempts[source],
      })),
    );
  });

  it('U16: in JSON where XML is due is understood as well', async () => {
    const body = `{"code":"SignatureDoesNotMatch","message":"${CANARY}","request_id":"in-body"}`;
    const outcomes = await outcomesOf(() => http(body), jobIds, { sources: XML });
    const expected = {
      code: 'UPSTREAM_AUTH_FAILED',
      upstreamCode: 'SignatureDoesNotMatch',
      requestId: 'in-body',
    };
    expect(outcomes).toEqual(forEachSource(() => expect.objectContaining(expected), XML));
  });

  it('is no longer looked for in a body that is too long for one', async () => {
    const padding = `<Resource>${filled('x', 64 * KIB)}</Resource>`;
    const body = errorText('COS', 'SlowDown').replace('<Code>', `${padding}<Code>`);
    const outcomes = await outcomesOf(() => http(body, 503), jobIds, { sources: XML });
    const expected = { code: 'UPSTREAM_UNAVAILABLE', upstreamCode: null, requestId: null };
    expect(outcomes).toEqual(forEachSource(() => expect.objectContaining(expected), XML));
  });

  it.each([
    ['-1', 0],
    ['1e9', 20_000],
    ['soon', null],
    ['7 days', null],
    ['Mon, 01 Jan 2001 00:00:00 GMT', 0],
    ['Fri, 01 Jan 2999 00:00:00 GMT', 20_000],
    ['', null],
  ])('U40: with Retry-After: %s is retried after %j ms', async (value, retryAfterMs) => {
    for (const source of SOURCES) {
      const code = source === 'BATCH_COMPUTE' ? 'RequestLimitExceeded' : 'SlowDown';
      const upstream = await startRawUpstream(http(errorText(source, code), 200, [`retry-after: ${value}`]));
      const client = hostileClient(source, upstream.endpoint);
      onTestFinished(async () => {
        await client.close();
        await upstream.close();
      });
      await expect(client.list()).rejects.toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retryAfterMs });
      // 20 s are more than the call has, so that it does not wait in vain.
      expect(upstream.requests).toHaveLength(retryAfterMs === 20_000 ? 1 : ATTEMPTS[source]);
    }
  });
});

describe('a request id', () => {
  const idIn = async (source: JobSource, id: string, headers: readonly string[] = []): Promise<unknown> => {
    const body = errorText(source, 'InvalidRequest').replace('in-body', id);
    const outcomes = await outcomesOf(() => http(body, 200, headers), jobIds, { sources: [source] });
    return (outcomes[source] as { requestId?: unknown }).requestId;
  };

  it.each([
    ['of 10 KB', 'r'.repeat(10 * KIB)],
    ['of 129 characters', 'r'.repeat(129)],
    ['with a space', 'a b'],
    ['with markup', '&lt;b&gt;'],
    ['that is empty', ''],
  ])('U44: %s is dropped', async (_, id) => {
    expect(await Promise.all(SOURCES.map((source) => idIn(source, id)))).toEqual([null, null, null]);
  });

  it('U44: with a line break is dropped', async () => {
    expect(await idIn('COS', 'a&#13;&#10;b')).toBeNull();
    expect(await idIn('CI', 'a&#13;&#10;b')).toBeNull();
    expect(await idIn('BATCH_COMPUTE', String.raw`a\r\nb`)).toBeNull();
  });

  it('U44: is taken from a header of the source’s own, where that is fit to be shown', async () => {
    expect(await idIn('COS', 'in-body', ['x-cos-request-id: in-header'])).toBe('in-header');
    expect(await idIn('CI', 'in-body', ['x-ci-request-id: in-header'])).toBe('in-header');
    expect(await idIn('COS', 'in-body', [`x-cos-request-id: ${'r'.repeat(129)}`])).toBe('in-body');
    expect(await idIn('CI', 'in-body', ['x-ci-request-id: a b'])).toBe('in-body');
  });

  it('U44: that is dropped costs no answer', async () => {
    const body = listOf('BATCH_COMPUTE', [JOB_ID]).replace('in-body', 'r'.repeat(10 * KIB));
    expect(await outcomesOf(() => http(body), jobIds, { sources: JSON_ONLY })).toEqual({
      BATCH_COMPUTE: { result: [JOB_ID], attempts: 1 },
    });
  });
});
