/**
 * What each refusal of an upstream means to our clients (reliability section 5.4), from the whole answer as the vendor sends
 * it to the error that leaves the source's client: real sockets, real signatures, real decoders. Written out a second time
 * on purpose: the table in `src/upstream/error-table.ts` must agree with this one.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { Secret } from '../../src/lib/secret.ts';
import { InvalidCursorError, InvalidIdError, type Remedy, UpstreamError } from '../../src/model/errors.ts';
import type { JobSource } from '../../src/model/origin.ts';
import { BatchComputeClient } from '../../src/sources/batch-compute/client.ts';
import { batchComputeSigner } from '../../src/sources/batch-compute/signature.ts';
import { BatchComputeSource } from '../../src/sources/batch-compute/source.ts';
import { CiClient } from '../../src/sources/ci/client.ts';
import { ciSigner } from '../../src/sources/ci/signature.ts';
import { CosClient } from '../../src/sources/cos/client.ts';
import { cosSigner } from '../../src/sources/cos/signature.ts';
import { type UnmappedCodeEvent, unmappedCodes } from '../../src/telemetry/channels.ts';
import type { ERROR_TABLE } from '../../src/upstream/error-table.ts';
import type { FaultName } from '../../src/upstream/faults.ts';
import { createSend, type SendLimits } from '../../src/upstream/onion.ts';
import type { Send } from '../../src/upstream/send.ts';
import { letAnswerWithSecrets } from '../support/secrets-kept/watch.ts';
import { aScope, BATCH_ORIGIN, CI_ORIGIN, COS_ORIGIN, httpServer, rawServer } from '../upstream/support.ts';
import { fixture } from './support.ts';
import { batchComputeCache } from './caches.ts';

/** An address at which nobody listens any more. */
async function deserted(): Promise<string> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${String(port)}`;
}

const SOURCES = ['COS', 'CI', 'BATCH_COMPUTE'] as const satisfies readonly JobSource[];
const ORIGINS = { COS: COS_ORIGIN, CI: CI_ORIGIN, BATCH_COMPUTE: BATCH_ORIGIN };

/** What our clients see of each kind of refusal. One that is not named here does not compile. */
const MEANING: Readonly<
  Record<FaultName, readonly [code: string, retryable: boolean, advice: RegExp, remedy?: Remedy]>
> = {
  credentials: ['UPSTREAM_AUTH_FAILED', false, /check secretId, secretKey and the machine's clock/],
  clock: ['UPSTREAM_AUTH_FAILED', false, /set the machine's clock/, 'CORRECT_CLOCK'],
  sessionToken: ['UPSTREAM_AUTH_FAILED', false, /renew .* sessionToken together/, 'RELOAD_CREDENTIAL'],
  credentialsOrToken: ['UPSTREAM_AUTH_FAILED', false, /renew the sessionToken/, 'RELOAD_CREDENTIAL'],
  forbidden: ['UPSTREAM_FORBIDDEN', false, /grant the action/],
  throttled: ['UPSTREAM_RATE_LIMITED', true, /too many calls/],
  broken: ['UPSTREAM_UNAVAILABLE', true, /not available/],
  failed: ['UPSTREAM_UNAVAILABLE', false, /ask its support/],
  slow: ['UPSTREAM_TIMEOUT', true, /ran out of time/],
  misplaced: ['UPSTREAM_REJECTED', false, /check region, bucket and endpoint/],
  suspended: ['UPSTREAM_REJECTED', false, /balance and notices/],
  rejected: ['UPSTREAM_REJECTED', false, /asking again will not help/],
};

type Row = readonly [httpStatus: number, fault: FaultName];
/** For each code of the table at least one row; a code without one, or one that the table does not know, does not compile. */
type Rows<S extends JobSource> = Readonly<
  Record<keyof (typeof ERROR_TABLE)[S], readonly [Row, ...(readonly Row[])]>
>;

/** 436/7730 and the SDKs, with the statuses of `upstreams/cos-batch.md` section 9. */
const GENERAL = {
  SignatureDoesNotMatch: [[403, 'credentials']],
  InvalidAccessKeyId: [[403, 'credentials']],
  RequestTimeTooSkewed: [[403, 'clock']],
  ExpiredToken: [[400, 'sessionToken']],
  InternalError: [[500, 'broken']],
  ServiceUnavailable: [
    [500, 'broken'],
    [503, 'broken'],
  ],
  RequestTimeout: [[400, 'slow']],
  InvalidArgument: [[400, 'rejected']],
  InvalidRequest: [[400, 'rejected']],
  MalformedXML: [[400, 'rejected']],
  BadDigest: [[400, 'rejected']],
  InvalidDigest: [[400, 'rejected']],
  MethodNotAllowed: [[405, 'rejected']],
  MissingContentLength: [[411, 'rejected']],
  NotImplemented: [[501, 'rejected']],
  NoSuchBucket: [[404, 'misplaced']],
  // With their own statuses, 301 and 307, they are not read at all: see "a redirect" below.
  PermanentRedirect: [[400, 'misplaced']],
  TemporaryRedirect: [[400, 'misplaced']],
  PaymentRequired: [[402, 'suspended']],
  UnavailableForLegalReasons: [[451, 'suspended']],
} as const satisfies Readonly<Record<string, readonly Row[]>>;

const ROWS: { readonly [S in JobSource]: Rows<S> } = {
  COS: {
    ...GENERAL,
    AccessDenied: [[403, 'forbidden']],
    SlowDown: [[503, 'throttled']],
    NoSuchJob: [[404, 'rejected']],
    TooManyJobs: [[500, 'rejected']],
  },
  CI: {
    ...GENERAL,
    AccessDenied: [
      [401, 'credentialsOrToken'],
      [403, 'forbidden'],
    ],
    SlowDown: [[429, 'throttled']],
    InvalidContent: [
      [400, 'rejected'],
      [413, 'rejected'],
    ],
    MissingContent: [[400, 'rejected']],
    InvalidHost: [[400, 'misplaced']],
    InvalidUrl: [[404, 'rejected']],
    ResourceNotFound: [[400, 'rejected']],
    ResourceDownloadFailed: [[400, 'rejected']],
    ResourceNotSupported: [[400, 'rejected']],
    ResourceAccessDenied: [[400, 'forbidden']],
    CIRoleNotExist: [[400, 'forbidden']],
    MissingAuthorization: [[401, 'credentials']],
    InvalidAuthorization: [[401, 'credentials']],
    SecretidNotExist: [[401, 'credentials']],
    SignatureExpired: [[401, 'clock']],
    MediaBucketAlreadyBinded: [[403, 'rejected']],
    QueueSaturated: [[403, 'rejected']],
    QueuePaused: [[403, 'rejected']],
  },
  BATCH_COMPUTE: {
    AuthFailure: [[200, 'credentials']],
    'AuthFailure.InvalidAuthorization': [[200, 'credentials']],
    'AuthFailure.InvalidSecretId': [[200, 'credentials']],
    'AuthFailure.MFAFailure': [[200, 'credentials']],
    'AuthFailure.SecretIdNotFound': [[200, 'credentials']],
    // Its SDKs know of 4xx as well (`upstreams/batch-compute.md` section 9).
    'AuthFailure.SignatureFailure': [
      [200, 'credentials'],
      [401, 'credentials'],
    ],
    'AuthFailure.SignatureExpire': [[200, 'clock']],
    'AuthFailure.TokenFailure': [[200, 'sessionToken']],
    'AuthFailure.UnauthorizedOperation': [[200, 'forbidden']],
    IpInBlacklist: [[200, 'credentials']],
    IpNotInWhitelist: [[200, 'credentials']],
    UnauthorizedOperation: [[200, 'forbidden']],
    RequestLimitExceeded: [[200, 'throttled']],
    'RequestLimitExceeded.IPLimitExceeded': [[200, 'throttled']],
    'RequestLimitExceeded.UinLimitExceeded': [[200, 'throttled']],
    'RequestLimitExceeded.GlobalRegionUinLimitExceeded': [[200, 'throttled']],
    InternalError: [
      [200, 'broken'],
      [500, 'broken'],
    ],
    ServiceUnavailable: [[200, 'broken']],
    ResourceUnavailable: [[200, 'broken']],
    FailedOperation: [[200, 'failed']],
    ResourceNotFound: [[200, 'rejected']],
    ResourceInUse: [[200, 'rejected']],
    ResourceInsufficient: [[200, 'rejected']],
    InvalidParameter: [[200, 'rejected']],
    InvalidParameterValue: [[200, 'rejected']],
    InvalidFilter: [[200, 'rejected']],
    InvalidZone: [[200, 'rejected']],
    InvalidRequest: [[200, 'rejected']],
    InvalidAction: [[200, 'rejected']],
    MissingParameter: [[200, 'rejected']],
    UnknownParameter: [[200, 'rejected']],
    UnsupportedOperation: [[200, 'rejected']],
    UnsupportedProtocol: [[200, 'rejected']],
    UnsupportedRegion: [[200, 'misplaced']],
    NoSuchVersion: [[200, 'rejected']],
    NoSuchProduct: [[200, 'rejected']],
    ActionOffline: [[200, 'rejected']],
    DryRunOperation: [[200, 'rejected']],
    RequestSizeLimitExceeded: [[200, 'rejected']],
    ResponseSizeLimitExceeded: [[200, 'rejected']],
    LimitExceeded: [[200, 'rejected']],
  },
};

/** Codes that count as their category: those of the seed page DescribeJobs, of section 5.4 and of the field. */
const DETAILS: readonly (readonly [upstreamCode: string, fault: FaultName])[] = [
  ['InvalidParameter.InvalidParameterCombination', 'rejected'],
  ['InvalidParameter.JobIdMalformed', 'rejected'],
  ['InvalidParameterValue.InvalidFilter', 'rejected'],
  ['InvalidParameterValue.LimitExceeded', 'rejected'],
  ['InvalidZone.MismatchRegion', 'rejected'],
  ['ResourceNotFound.Job', 'rejected'],
  ['LimitExceeded.JobNumber', 'rejected'],
  ['InternalError.CallCvm', 'broken'],
  ['UnauthorizedOperation.UserNotAllowedToUseBatch', 'forbidden'],
  ['AuthFailure.SomethingNew', 'credentials'],
  ['UnsupportedOperation.TerminateOperationWithEnvId', 'rejected'],
];

/** For any source: what the table does not know counts by its status. */
const UNKNOWN: readonly (readonly [httpStatus: number, fault: FaultName])[] = [
  [200, 'rejected'],
  [400, 'rejected'],
  [401, 'credentials'],
  [403, 'rejected'],
  [404, 'rejected'],
  [409, 'rejected'],
  [429, 'throttled'],
  [500, 'broken'],
  [502, 'broken'],
  [503, 'broken'],
  [504, 'broken'],
];

const KEY = {
  secretId: new Secret('AKIDCANARY00000000000000000000000001'),
  secretKey: new Secret('CANARYKEY000000000000000000000001'),
  sessionToken: new Secret('CANARYTOKEN'),
};
const UIN = '100000000077';
const APP_ID = '1250000077';

/** What a careless error would hand on: words, a host, a bucket, a key id, a path and an account. */
const WORDS = `CANARY words about bucket CANARYBUCKET-${APP_ID} at 10.9.8.7 (canary.example): ${KEY.secretId.reveal()} of ${UIN}, see /etc/canary`;
/** Texts that the vendor sends, as far as they are known; section references are to `upstreams/`. */
const TEXTS: Readonly<Record<string, string>> = {
  NoSuchJob: 'the job does not exist',
  SignatureDoesNotMatch: 'The Signature you specified is invalid.',
  AccessDenied: 'Access Denied.',
  RequestTimeTooSkewed: 'The difference between the request time and the current time is too large.',
  SlowDown: 'request rate too high',
  RequestLimitExceeded:
    'Your current request times equals to `3` in a second, which exceeds the frequency limit `2` for a second. Please reduce the frequency of calls.',
  'AuthFailure.SignatureFailure': '请求签名验证失败，请检查您的签名计算是否正确。',
  'AuthFailure.SecretIdNotFound': 'The SecretId is not found, please ensure that your SecretId is correct.',
  MissingParameter: 'The request is missing a required parameter `SecretId`.',
};
const textOf = (upstreamCode: string): string => `${TEXTS[upstreamCode] ?? 'Refused:'} ${WORDS}`;

const COS_REQUEST_ID = 'NjYzODNkZWRfMGEwMDAwMDFfMWEyYl8zYzRk';
const CI_REQUEST_ID = 'NjYzODNkZjZfMGEwMDAwMDFfMmYxYV8xZg==';
const API_REQUEST_ID = '4c1d2e3f-5a6b-4c7d-8e9f-0a1b2c3d4e5f';
const REQUEST_IDS = { COS: COS_REQUEST_ID, CI: CI_REQUEST_ID, BATCH_COMPUTE: API_REQUEST_ID };
const TRACE_ID = 'c2ltdWxhdG9yLXRyYWNl';

interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** As COS sends it (`cos-batch.md` section 12); a mismatch and a skewed clock come with more elements (section 9). */
function cosError(status: number, code: string, text = textOf(code)): WireAnswer {
  const more: Readonly<Record<string, string>> = {
    SignatureDoesNotMatch: `\n\t<StringToSign>sha1\n1700000000;1700003600\nCANARY535ddec9\n</StringToSign>\n\t<FormatString>get\n/jobs\nmaxresults=2\nhost=${UIN}.cos-control.ap-chengdu.myqcloud.com&amp;x-cos-appid=${APP_ID}\n</FormatString>`,
    RequestTimeTooSkewed: '\n\t<ServerTime>2026-01-01T00:00:00Z</ServerTime>',
  };
  return {
    status,
    headers: {
      'content-type': 'application/xml',
      server: 'tencent-cos',
      'x-cos-request-id': COS_REQUEST_ID,
      'x-cos-trace-id': TRACE_ID,
    },
    body: `<?xml version='1.0' encoding='utf-8' ?>
<Error>
	<Code>${code}</Code>
	<Message>${text}</Message>${more[code] ?? ''}
	<Resource>${UIN}.cos-control.ap-guangzhou.myqcloud.com/jobs/CANARY</Resource>
	<RequestId>${COS_REQUEST_ID}</RequestId>
	<TraceId>${TRACE_ID}</TraceId>
</Error>`,
  };
}

/** As CI sends it (`ci-jobs.md` sections 10 and 13): no Resource, other names of headers. */
function ciError(status: number, code: string, text = textOf(code)): WireAnswer {
  return {
    status,
    headers: {
      'content-type': 'application/xml',
      server: 'tencent-ci',
      'x-ci-request-id': CI_REQUEST_ID,
      'x-ci-trace-id': TRACE_ID,
    },
    body: `<?xml version='1.0' encoding='utf-8' ?>
<Error>
	<Code>${code}</Code>
	<Message>${text}</Message>
	<RequestId>${CI_REQUEST_ID}</RequestId>
	<TraceId>${TRACE_ID}</TraceId>
</Error>`,
  };
}

/** As API 3.0 sends it (`batch-compute.md` section 1), whose request id is in the body alone. */
function apiError(status: number, code: string, text = textOf(code)): WireAnswer {
  const response = { Error: { Code: code, Message: text }, RequestId: API_REQUEST_ID };
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ Response: response }),
  };
}

const ERRORS = { COS: cosError, CI: ciError, BATCH_COMPUTE: apiError };

/** A way to an endpoint as the gateway has it, but for the retries: each error is to be seen as it came. */
function sendTo(source: JobSource, endpoint: string, limits: Partial<SendLimits> = {}): Send {
  // What answers there says all that it was sent.
  letAnswerWithSecrets(endpoint);
  const origin = ORIGINS[source];
  const credential = (): typeof KEY => KEY;
  const signer = {
    COS: () => cosSigner({ origin, uin: UIN, appId: APP_ID, credential }),
    CI: () => ciSigner({ origin, credential }),
    BATCH_COMPUTE: () => batchComputeSigner({ credential }),
  }[source]();
  const { send, close } = createSend({
    origin,
    endpoint,
    signer,
    clock: systemClock,
    limits: { attempts: 1, ...limits },
  });
  onTestFinished(() => close());
  return send;
}

const LISTINGS: Readonly<Record<JobSource, (send: Send) => Promise<unknown>>> = {
  COS: (send) =>
    new CosClient(COS_ORIGIN, send).listJobs({ status: null, maxResults: 2, nextToken: null }, aScope()),
  CI: (send) => listCi(send, null),
  BATCH_COMPUTE: (send) =>
    new BatchComputeClient(BATCH_ORIGIN, send).describeJobs({ filters: [], offset: 0 }, 2, aScope()),
};
const DESCRIPTIONS: Readonly<Record<JobSource, (send: Send) => Promise<unknown>>> = {
  COS: (send) => new CosClient(COS_ORIGIN, send).describeJob('some-job', aScope()),
  CI: (send) => new CiClient(CI_ORIGIN, send).describeJob('some-job', aScope()),
  BATCH_COMPUTE: (send) => new BatchComputeClient(BATCH_ORIGIN, send).describeJob('job-7e7evk2x', aScope()),
};

function listCi(send: Send, nextToken: string | null): Promise<unknown> {
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
  return new CiClient(CI_ORIGIN, send).listJobs({ filter, nextToken, size: 2 }, aScope());
}

/** What a call gives against a server that answers everything so; the server must be asked once. */
async function outcomeOf(
  source: JobSource,
  { status, headers, body }: WireAnswer,
  call: (send: Send) => Promise<unknown> = LISTINGS[source],
): Promise<unknown> {
  const server = await httpServer((_, response) => {
    response.writeHead(status, headers);
    response.end(body);
  });
  const outcome = await call(sendTo(source, server.endpoint)).catch((error: unknown) => error);
  expect(server.requests).toHaveLength(1);
  expectNothingForwarded(outcome, body);
  return outcome;
}

async function errorOf(source: JobSource, answer: WireAnswer): Promise<UpstreamError> {
  const outcome = await outcomeOf(source, answer);
  expect(outcome).toBeInstanceOf(UpstreamError);
  return outcome as UpstreamError;
}

/** Neither in the message nor anywhere else in an error, however it is printed, is anything that the upstream wrote. */
function expectNothingForwarded(outcome: unknown, body: string): void {
  if (!(outcome instanceof Error)) {
    return;
  }
  const shown = [
    outcome.message,
    JSON.stringify(outcome),
    inspect(outcome, { depth: null, showHidden: true }),
    String(outcome.stack),
  ].join('\n');
  expect(shown).not.toMatch(/canary|10\.9\.8\.7|myqcloud|tencentcloudapi|127\.0\.0\.1|\/etc\//i);
  expect(shown).not.toMatch(/q-sign|q-ak|TC3-HMAC|StringToSign|FormatString|ServerTime/);
  for (const secret of [UIN, APP_ID, KEY.secretId.reveal(), KEY.secretKey.reveal()]) {
    expect(shown).not.toContain(secret);
  }
  const texts = [
    ...body.matchAll(/<(?:Message|Resource|StringToSign|FormatString|TraceId)>([^<]+)</g),
    ...body.matchAll(/"[Mm]essage": *"([^"]+)"/g),
  ].map(([, text = '']) => text.trim());
  for (const text of texts.concat(texts.flatMap((whole) => whole.split('\n')))) {
    expect(shown).not.toContain(text);
  }
}

function expectMeaning(error: UpstreamError, fault: FaultName): void {
  const [code, retryable, advice, remedy = null] = MEANING[fault];
  expect(error).toMatchObject({ code, retryable, remedy, isLocal: false, retryAfterMs: null });
  expect(error.message).toMatch(advice);
}

describe.each(SOURCES)('a refusal by %s', (source) => {
  const rows = Object.entries(ROWS[source]).flatMap(([upstreamCode, each]) =>
    each.map(([httpStatus, fault]) => [httpStatus, upstreamCode, fault] as const),
  );

  it.each(rows)('%i %s is of the kind %s', async (httpStatus, upstreamCode, fault) => {
    const error = await errorOf(source, ERRORS[source](httpStatus, upstreamCode));
    expectMeaning(error, fault);
    expect(error).toMatchObject({
      upstreamCode,
      httpStatus,
      requestId: REQUEST_IDS[source],
      origin: ORIGINS[source],
    });
    expect(error.message).toContain(`(${upstreamCode})`);
  });

  it.each(UNKNOWN)('%i with a code that nobody knows is of the kind %s', async (httpStatus, fault) => {
    const error = await errorOf(source, ERRORS[source](httpStatus, 'SomethingNew'));
    expectMeaning(error, fault);
    expect(error).toMatchObject({
      upstreamCode: 'SomethingNew',
      httpStatus,
      requestId: REQUEST_IDS[source],
    });
  });

  it.each<readonly [number, FaultName]>([
    [400, 'rejected'],
    [401, 'credentials'],
    [403, 'credentials'],
    [404, 'rejected'],
    [429, 'throttled'],
    [500, 'broken'],
    [502, 'broken'],
    [503, 'broken'],
    [504, 'broken'],
  ])('%i with a page of a proxy is of the kind %s', async (status, fault) => {
    const headers = { 'content-type': 'text/html' };
    const body = `<html><head><title>${status} ${WORDS}</title></head><body>${WORDS}</body></html>`;
    const error = await errorOf(source, { status, headers, body });
    expectMeaning(error, fault);
    expect(error).toMatchObject({ upstreamCode: null, httpStatus: status, requestId: null });
  });

  it('is told for a description as for a listing', async () => {
    const code = source === 'BATCH_COMPUTE' ? 'FailedOperation' : 'SlowDown';
    const answer = ERRORS[source](source === 'BATCH_COMPUTE' ? 200 : 503, code);
    const outcome = await outcomeOf(source, answer, DESCRIPTIONS[source]);
    expect(outcome).toMatchObject({ upstreamCode: code, requestId: REQUEST_IDS[source] });
  });

  it.each([
    ['2', 2_000],
    ['0', 0],
    ['-1', 0],
    ['1e9', 20_000],
    ['soon', null],
  ])('says when to ask again, by Retry-After: %s', async (text, retryAfterMs) => {
    const code = source === 'BATCH_COMPUTE' ? 'RequestLimitExceeded' : 'SlowDown';
    const answer = ERRORS[source](503, code);
    const headers = { ...answer.headers, 'retry-after': text };
    expect((await errorOf(source, { ...answer, headers })).retryAfterMs).toBe(retryAfterMs);
  });

  it('does not say when to ask again where that would not help', async () => {
    const answer = ERRORS[source](403, source === 'BATCH_COMPUTE' ? 'AuthFailure' : 'AccessDenied');
    const headers = { ...answer.headers, 'retry-after': '2' };
    expect((await errorOf(source, { ...answer, headers })).retryAfterMs).toBeNull();
  });

  it.each(['Code1', 'Some thing', 'canary.example/evil', 'x'.repeat(65)])(
    'does not carry a code of such a form: %s',
    async (code) => {
      const error = await errorOf(source, ERRORS[source](400, code));
      expect(error).toMatchObject({ code: 'UPSTREAM_REJECTED', upstreamCode: null });
      expect(error.message).not.toContain('(');
    },
  );

  it.each([
    ['of 10 KB', 'r'.repeat(10_240)],
    ['with a line break', 'a&#13;&#10;b'],
    ['that is markup', '&lt;script&gt;'],
  ])('does not carry a request id %s', async (_, id) => {
    const { status, body } = ERRORS[source](source === 'BATCH_COMPUTE' ? 200 : 400, 'InvalidRequest');
    const spoilt = body.replaceAll(REQUEST_IDS[source], id);
    expect(spoilt).not.toBe(body);
    const error = await errorOf(source, { status, headers: {}, body: spoilt });
    expect(error).toMatchObject({ upstreamCode: 'InvalidRequest', requestId: null });
  });
});

it('has a row for each kind of refusal', () => {
  const used = SOURCES.flatMap((source) => Object.values(ROWS[source]).flat())
    .concat(UNKNOWN)
    .map(([, fault]) => fault);
  expect(Object.keys(MEANING).filter((fault) => !used.includes(fault as FaultName))).toEqual([]);
});

describe('a refusal by BatchCompute', () => {
  it.each(DETAILS)('with the detail %s is of the kind %s', async (upstreamCode, fault) => {
    const error = await errorOf('BATCH_COMPUTE', apiError(200, upstreamCode));
    expectMeaning(error, fault);
    expect(error).toMatchObject({ upstreamCode, requestId: API_REQUEST_ID });
  });

  it('counts as its category also when its detail is not fit to be shown', async () => {
    const error = await errorOf('BATCH_COMPUTE', apiError(200, 'RequestLimitExceeded.V2'));
    expectMeaning(error, 'throttled');
    expect(error.upstreamCode).toBeNull();
  });
});

describe.each(['COS', 'CI'] as const)('a refusal by %s with status 200', (source) => {
  it('is understood by its code', async () => {
    for (const [upstreamCode, [[, fault]]] of Object.entries(ROWS[source])) {
      const error = await errorOf(source, ERRORS[source](200, upstreamCode));
      // Only the status tells the two meanings of this one apart.
      const expected = upstreamCode === 'AccessDenied' ? 'forbidden' : fault;
      expectMeaning(error, expected);
      expect(error).toMatchObject({ upstreamCode, httpStatus: 200, requestId: REQUEST_IDS[source] });
    }
  });

  it('is understood as JSON too', async () => {
    const body = JSON.stringify({ code: 'SlowDown', message: WORDS, request_id: REQUEST_IDS[source] });
    for (const status of [200, 503]) {
      const error = await errorOf(source, { status, headers: {}, body });
      expectMeaning(error, 'throttled');
      expect(error).toMatchObject({ upstreamCode: 'SlowDown', requestId: REQUEST_IDS[source] });
    }
  });
});

it('takes the words "Request has expired" of COS for a matter of time, not of a missing grant', async () => {
  const error = await errorOf('COS', cosError(403, 'AccessDenied', 'Request has expired'));
  expectMeaning(error, 'clock');
  expect(error.upstreamCode).toBe('AccessDenied');
});

describe('the request id', () => {
  const withIds = (source: 'COS' | 'CI', headers: Record<string, string>, inBody: string): WireAnswer => {
    const { status, body } = ERRORS[source](400, 'InvalidRequest');
    return { status, headers, body: body.replaceAll(REQUEST_IDS[source], inBody) };
  };

  it.each<readonly ['COS' | 'CI', Record<string, string>, string, string]>([
    ['COS', { 'x-cos-request-id': 'header' }, 'body', 'header'],
    ['COS', {}, 'body', 'body'],
    ['COS', { 'x-cos-request-id': 'not safe' }, 'body', 'body'],
    ['CI', { 'x-ci-request-id': 'header', 'x-cos-request-id': 'cos' }, 'body', 'header'],
    ['CI', { 'x-cos-request-id': 'cos' }, 'body', 'body'],
    ['CI', { 'x-cos-request-id': 'cos' }, '', 'cos'],
  ])('of %s with %j and <RequestId>%s is %s', async (source, headers, inBody, expected) => {
    expect((await errorOf(source, withIds(source, headers, inBody))).requestId).toBe(expected);
  });

  const CUT_LISTING = '<ListJobsResult><Jobs><member><JobId>CANARY</JobId>';
  const page = `<html><body>${WORDS}</body></html>`;
  const redirect = { location: 'https://canary.example/' };

  it.each<readonly [string, JobSource, WireAnswer, string | null]>([
    ['a page instead', 'COS', { ...cosError(200, 'x'), body: page }, COS_REQUEST_ID],
    ['a page instead', 'CI', { ...ciError(200, 'x'), body: page }, CI_REQUEST_ID],
    ['nothing at all', 'COS', { ...cosError(200, 'x'), body: '' }, COS_REQUEST_ID],
    ['a cut listing', 'COS', { ...cosError(200, 'x'), body: CUT_LISTING }, COS_REQUEST_ID],
    ['another root', 'COS', { ...cosError(200, 'x'), body: '<Other>CANARY</Other>' }, COS_REQUEST_ID],
    [
      'a job without a state, the id in the body alone',
      'CI',
      {
        status: 200,
        headers: {},
        body: `<Response><RequestId>${CI_REQUEST_ID}</RequestId><JobsDetail><JobId>canary</JobId></JobsDetail></Response>`,
      },
      CI_REQUEST_ID,
    ],
    [
      'no jobs',
      'BATCH_COMPUTE',
      {
        status: 200,
        headers: {},
        body: JSON.stringify({ Response: { RequestId: API_REQUEST_ID, CANARY: 1 } }),
      },
      API_REQUEST_ID,
    ],
    [
      'an error without a code',
      'BATCH_COMPUTE',
      {
        status: 200,
        headers: {},
        body: JSON.stringify({ Response: { RequestId: API_REQUEST_ID, Error: { Message: WORDS } } }),
      },
      API_REQUEST_ID,
    ],
    ['a page instead', 'BATCH_COMPUTE', { status: 200, headers: {}, body: page }, null],
    [
      'compressed',
      'COS',
      { ...cosError(200, 'x'), headers: { ...cosError(200, 'x').headers, 'content-encoding': 'gzip' } },
      COS_REQUEST_ID,
    ],
    [
      'a redirect to another region',
      'COS',
      {
        ...cosError(301, 'PermanentRedirect'),
        headers: { ...cosError(301, 'x').headers, ...redirect },
      },
      COS_REQUEST_ID,
    ],
    [
      'a redirect for the moment',
      'CI',
      {
        ...ciError(307, 'TemporaryRedirect'),
        headers: { ...ciError(307, 'x').headers, ...redirect },
      },
      CI_REQUEST_ID,
    ],
    ['a redirect', 'BATCH_COMPUTE', { status: 302, headers: redirect, body: page }, null],
  ])('is told of an answer that cannot be used: %s, %s', async (_, source, answer, requestId) => {
    const error = await errorOf(source, answer);
    expect(error).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      retryable: true,
      requestId,
      upstreamCode: null,
      httpStatus: answer.status,
    });
  });
});

describe('bodies as documented', () => {
  it.each<readonly [JobSource, number, string, string, FaultName]>([
    ['COS', 404, 'cos/error-no-such-job.xml', 'NoSuchJob', 'rejected'],
    ['COS', 403, 'cos/error-signature-mismatch.xml', 'SignatureDoesNotMatch', 'credentials'],
    ['CI', 429, 'ci/error-slow-down.xml', 'SlowDown', 'throttled'],
    [
      'BATCH_COMPUTE',
      200,
      'batch-compute/error-request-limit-exceeded.json',
      'RequestLimitExceeded',
      'throttled',
    ],
    [
      'BATCH_COMPUTE',
      200,
      'batch-compute/error-job-id-malformed.json',
      'InvalidParameter.JobIdMalformed',
      'rejected',
    ],
  ])('are understood: %s %i %s', async (source, status, file, upstreamCode, fault) => {
    const body = fixture(file);
    const [, requestId] = /RequestId(?:>|": ")([^<"]+)/.exec(body)!;
    const error = await errorOf(source, { status, headers: {}, body });
    expectMeaning(error, fault);
    expect(error).toMatchObject({ upstreamCode, requestId });
  });

  it('of a job that failed are data, whatever their code says', async () => {
    const body = fixture('ci/list-two-kinds.xml');
    expect(body).toContain('<Code>ResourceNotFound</Code>');
    const page = (await outcomeOf('CI', { status: 200, headers: {}, body })) as {
      jobs: readonly { code: string | null }[];
    };
    expect(page.jobs.map(({ code }) => code)).toEqual(['Success', 'ResourceNotFound']);
  });
});

describe('what is no error', () => {
  it.each<readonly [JobSource, WireAnswer]>([
    ['COS', cosError(404, 'NoSuchJob')],
    ['COS', { status: 404, headers: {}, body: fixture('cos/error-no-such-job.xml') }],
    ['CI', ciError(400, 'ResourceNotFound')],
    ['CI', ciError(404, 'ResourceNotFound')],
    ['CI', { status: 200, headers: {}, body: fixture('ci/describe-unknown.xml') }],
    ['BATCH_COMPUTE', apiError(200, 'ResourceNotFound.Job')],
  ])('is a job that %s does not know: null', async (source, answer) => {
    expect(await outcomeOf(source, answer, DESCRIPTIONS[source])).toBeNull();
  });

  it.each<readonly [JobSource, WireAnswer]>([
    ['COS', cosError(404, 'NoSuchBucket')],
    ['CI', ciError(404, 'InvalidUrl')],
    ['CI', ciError(404, 'NoSuchBucket')],
    ['BATCH_COMPUTE', apiError(200, 'ResourceNotFound')],
  ])('is not an address that %s does not know', async (source, answer) => {
    expect(await outcomeOf(source, answer, DESCRIPTIONS[source])).toMatchObject({
      code: 'UPSTREAM_REJECTED',
      requestId: REQUEST_IDS[source],
    });
  });
});

describe('a refused argument', () => {
  const listCos = (nextToken: string | null) => (send: Send) =>
    new CosClient(COS_ORIGIN, send).listJobs({ status: null, maxResults: 2, nextToken }, aScope());
  const refusal = 'The nextToken parameter is invalid';

  it('of COS is the caller’s cursor when one was sent', async () => {
    const answer = cosError(400, 'InvalidArgument', refusal);
    expect(await outcomeOf('COS', answer, listCos('a-token'))).toBeInstanceOf(InvalidCursorError);
    expect(await outcomeOf('COS', answer, listCos(null))).toMatchObject({ code: 'UPSTREAM_REJECTED' });
    expect(await outcomeOf('COS', cosError(400, 'InvalidRequest'), listCos('a-token'))).toMatchObject({
      code: 'UPSTREAM_REJECTED',
    });
  });

  it('of CI is the caller’s cursor when one was sent', async () => {
    const answer = ciError(400, 'InvalidArgument', refusal);
    expect(await outcomeOf('CI', answer, (send) => listCi(send, 'a-token'))).toBeInstanceOf(
      InvalidCursorError,
    );
    expect(await outcomeOf('CI', answer, (send) => listCi(send, null))).toMatchObject({
      code: 'UPSTREAM_REJECTED',
    });
  });

  it('of BatchCompute is the id that it does not take', async () => {
    const answer = apiError(200, 'InvalidParameter.JobIdMalformed');
    const [result] = (await outcomeOf('BATCH_COMPUTE', answer, (send) => {
      const client = new BatchComputeClient(BATCH_ORIGIN, send);
      return new BatchComputeSource(client, batchComputeCache()).getMany(['job-7e7evk2x'], aScope());
    })) as unknown[];
    expect(result).toBeInstanceOf(InvalidIdError);
    expectNothingForwarded(result, answer.body);
    const one = await outcomeOf('BATCH_COMPUTE', answer, DESCRIPTIONS.BATCH_COMPUTE);
    expect(one).toBeInstanceOf(InvalidIdError);
  });
});

/** Rows "Network" of section 5.4, as far as a loopback can have them; the others are in `../upstream/network-error.test.ts`. */
describe.each(SOURCES)('the network before %s', (source) => {
  const failureAt = async (endpoint: string, limits?: Partial<SendLimits>): Promise<UpstreamError> => {
    const outcome = await LISTINGS[source](sendTo(source, endpoint, limits)).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(UpstreamError);
    expectNothingForwarded(outcome, '');
    expect((outcome as UpstreamError).message).not.toContain(new URL(endpoint).port);
    return outcome as UpstreamError;
  };
  const answering = (answer: (response: ServerResponse) => void): Promise<{ readonly endpoint: string }> =>
    httpServer((_, response) => {
      answer(response);
    });

  it('refuses connections', async () => {
    const error = await failureAt(await deserted());
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true, requestId: null });
    expect(error.message).toContain('(ECONNREFUSED)');
  });

  const ANSWERS: readonly (readonly [string, (socket: Socket) => void, string, string | null])[] = [
    ['resets', (socket) => socket.resetAndDestroy(), 'UPSTREAM_UNAVAILABLE', 'ECONNRESET'],
    ['closes', (socket) => socket.end(), 'UPSTREAM_UNAVAILABLE', 'UND_ERR_SOCKET'],
    ['answers what is not HTTP', (socket) => socket.end(`${WORDS}\r\n\r\n`), 'UPSTREAM_BAD_RESPONSE', null],
    [
      'breaks off before the length that it announced',
      (socket) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nCANARY`),
      'UPSTREAM_UNAVAILABLE',
      'UND_ERR_SOCKET',
    ],
    [
      'sends 20 KB of headers',
      (socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${'CANARY'.repeat(3_500)}\r\n\r\n`),
      'UPSTREAM_BAD_RESPONSE',
      'UND_ERR_HEADERS_OVERFLOW',
    ],
    [
      'sends more than is accepted',
      (socket) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 30000\r\n\r\n${'CANARY'.repeat(5_000)}`),
      'UPSTREAM_BAD_RESPONSE',
      'UND_ERR_RES_EXCEEDED_MAX_SIZE',
    ],
  ];

  it.each(ANSWERS)('%s', async (_, answer, code, shortCode) => {
    const { endpoint } = await rawServer(answer);
    const error = await failureAt(endpoint, { maxBodyBytes: 20_000 });
    expect(error).toMatchObject({ code, retryable: true, upstreamCode: null });
    expect(error.message).toContain(`(${shortCode ?? 'no code'})`);
  });

  it('is silent', async () => {
    const { endpoint } = await answering(() => undefined);
    const error = await failureAt(endpoint, { attemptTimeoutMs: 50 });
    expect(error).toMatchObject({ code: 'UPSTREAM_TIMEOUT', retryable: true, httpStatus: null });
  });

  it('speaks no TLS', async () => {
    const { endpoint } = await answering((response) => response.end(WORDS));
    const error = await failureAt(endpoint.replace('http:', 'https:'));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: false });
  });
});

describe('the channel of unmapped codes', () => {
  async function eventsOf(
    ...answers: readonly (readonly [JobSource, WireAnswer])[]
  ): Promise<UnmappedCodeEvent[]> {
    const events: UnmappedCodeEvent[] = [];
    onTestFinished(unmappedCodes.subscribe((event) => events.push(event)));
    for (const [source, answer] of answers) {
      await errorOf(source, answer);
    }
    return events;
  }

  it('tells of each code that the table does not know, with the status that it counts by', async () => {
    const events = await eventsOf(
      ['COS', cosError(400, 'SomethingNew')],
      ['CI', ciError(503, 'SomethingNew')],
      ['BATCH_COMPUTE', apiError(200, 'SomethingNew.Entirely')],
    );
    expect(events).toEqual([
      { origin: COS_ORIGIN, upstreamCode: 'SomethingNew', httpStatus: 400 },
      { origin: CI_ORIGIN, upstreamCode: 'SomethingNew', httpStatus: 503 },
      { origin: BATCH_ORIGIN, upstreamCode: 'SomethingNew.Entirely', httpStatus: 200 },
    ]);
  });

  it('shows no code of another form', async () => {
    const events = await eventsOf(['BATCH_COMPUTE', apiError(200, 'canary.example/evil')]);
    expect(events).toEqual([{ origin: BATCH_ORIGIN, upstreamCode: null, httpStatus: 200 }]);
  });

  it('is silent about codes that are known, if only by their category, and where there is none', async () => {
    const events = await eventsOf(
      ['COS', cosError(503, 'SlowDown')],
      ['CI', ciError(401, 'AccessDenied')],
      ['BATCH_COMPUTE', apiError(200, 'AuthFailure.SomethingNew')],
      ['COS', { status: 502, headers: {}, body: '<html></html>' }],
      ['COS', { status: 200, headers: {}, body: '<html></html>' }],
    );
    expect(events).toEqual([]);
  });
});
