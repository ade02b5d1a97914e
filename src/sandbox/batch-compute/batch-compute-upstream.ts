import { randomUUID } from 'node:crypto';
import type { SandboxAccount } from '../account.ts';
import { Refusal, type Answer } from '../answer.ts';
import { headerOf, type ReceivedRequest } from '../received-request.ts';
import type { Upstream } from '../upstream.ts';
import type { BatchComputeStore } from './batch-compute-store.ts';
import { describeJob } from './describe-job.ts';
import { describeJobs } from './describe-jobs.ts';
import { glimpsedParameters, readParameters, type RequestParameters } from './request-parameters.ts';
import type { RequestRate } from './request-rate.ts';
import { claimedTc3SecretId, expiredTc3Token, passTc3Gate } from './tc3-gate.ts';

export interface BatchComputeUpstreamOptions {
  readonly account: SandboxAccount;
  /** By region; the first one answers calls without X-TC-Region. */
  readonly stores: ReadonlyMap<string, BatchComputeStore>;
  readonly rate: RequestRate;
  /** Calls per second for each (SecretId, action); null: no limit. */
  readonly requestsPerSecond: number | null;
  /** Answer MissingParameter without X-TC-Region; documents disagree (batch-compute.md section 10, line 1). */
  readonly requireRegion: boolean;
  /** Refuse any Host but the vendor's, which the official Node SDK cannot give on a loopback port. */
  readonly requireVendorHost: boolean;
}

/** BatchCompute: DescribeJobs and DescribeJob. The checks run in the order of batch-compute.md section 11. */
export function createBatchComputeUpstream(options: BatchComputeUpstreamOptions): Upstream {
  const [defaultRegion = ''] = options.stores.keys();
  const regionOf = (request: ReceivedRequest): string => headerOf(request, 'x-tc-region') || defaultRegion;
  return {
    name: 'batchCompute',
    facts: (request) => {
      const params = glimpsedParameters(request);
      return {
        upstream: 'batchCompute',
        action: headerOf(request, 'x-tc-action') ?? `${request.method} ${request.rawPath}`,
        host: headerOf(request, 'host') ?? '',
        region: regionOf(request),
        bucket: null,
        secretId: claimedTc3SecretId(request),
        jobIds: glimpsedIds(params),
        params,
      };
    },
    answer: (request, nowMs) => {
      const parameters = readParameters(request);
      checkHost(request, options.requireVendorHost);
      passTc3Gate(request, nowMs, options.account);
      const act = actionAsked(request);
      const region = regionOf(request);
      const store = storeAsked(request, region, options);
      checkRate(request, options);
      return envelope(request, act(store, parameters, region, nowMs), nowMs);
    },
    refuse: (request, refusal, nowMs) => {
      const error = { Error: { Code: refusal.code, Message: refusal.message } };
      const answer = envelope(request, error, nowMs);
      return { ...answer, outcome: refusal.code, reply: { ...answer.reply, status: refusal.status } };
    },
    // whatever the outcome, the front end answers 200 (batch-compute.md section 1)
    statusOf: () => 200,
    expiredToken: expiredTc3Token,
  };
}

type Action = (
  store: BatchComputeStore,
  parameters: RequestParameters,
  region: string,
  nowMs: number,
) => Readonly<Record<string, unknown>>;

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['DescribeJobs', describeJobs],
  ['DescribeJob', (store, parameters, _region, nowMs) => describeJob(store, parameters, nowMs)],
]);

function actionAsked(request: ReceivedRequest): Action {
  const name = headerOf(request, 'x-tc-action') ?? '';
  const act = ACTIONS.get(name);
  if (act === undefined) {
    throw new Refusal(200, 'InvalidAction', `The action \`${name}\` does not exist.`);
  }
  const version = headerOf(request, 'x-tc-version');
  if (version !== '2017-03-12') {
    throw new Refusal(200, 'NoSuchVersion', `The version \`${version ?? ''}\` does not exist.`);
  }
  return act;
}

const VENDOR_HOST = /^batch(\.[a-z0-9-]+)?\.tencentcloudapi\.com$/;
const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|[a-z0-9-]+\.localhost|\[::1\])(:\d+)?$/;

/** Another product's host has no such product; no document says more. */
function checkHost(request: ReceivedRequest, requireVendorHost: boolean): void {
  const host = (headerOf(request, 'host') ?? '').toLowerCase();
  if (!VENDOR_HOST.test(host) && (requireVendorHost || !LOOPBACK_HOST.test(host))) {
    throw new Refusal(200, 'NoSuchProduct', `The host \`${host}\` serves no such product.`);
  }
}

function storeAsked(
  request: ReceivedRequest,
  region: string,
  { stores, requireRegion }: BatchComputeUpstreamOptions,
): BatchComputeStore {
  if (requireRegion && (headerOf(request, 'x-tc-region') ?? '') === '') {
    throw new Refusal(200, 'MissingParameter', 'The request is missing a required parameter `Region`.');
  }
  const store = stores.get(region);
  if (store === undefined) {
    throw new Refusal(200, 'UnsupportedRegion', `The region \`${region}\` is not supported.`);
  }
  return store;
}

function checkRate(request: ReceivedRequest, { rate, requestsPerSecond }: BatchComputeUpstreamOptions): void {
  if (requestsPerSecond === null) {
    return;
  }
  const key = `${claimedTc3SecretId(request) ?? ''} ${headerOf(request, 'x-tc-action') ?? ''}`;
  const count = rate.count(key, request.arrivedAtMs);
  if (count > requestsPerSecond) {
    const message =
      `Your current request times equals to \`${count}\` in a second, which exceeds the frequency limit ` +
      `\`${requestsPerSecond}\` for a second. Please reduce the frequency of calls.`;
    throw new Refusal(200, 'RequestLimitExceeded', message);
  }
}

/** `Content-Type` is exactly `application/json`: one official SDK looks for errors only then (batch-compute.md section 1). */
function envelope(
  request: ReceivedRequest,
  fields: Readonly<Record<string, unknown>>,
  nowMs: number,
): Answer {
  const requestId = randomUUID();
  const traceId = headerOf(request, 'x-tc-traceid');
  const headers = {
    'Content-Type': 'application/json',
    Date: new Date(nowMs).toUTCString(),
    ...(traceId === null ? {} : { 'X-TC-TraceId': traceId }),
  };
  const body = JSON.stringify({ Response: { ...fields, RequestId: requestId } });
  return { reply: { status: 200, headers, body }, outcome: 'OK', requestId };
}

function glimpsedIds(params: Readonly<Record<string, unknown>>): readonly string[] {
  const listed: readonly unknown[] = Array.isArray(params['JobIds']) ? params['JobIds'] : [];
  return [params['JobId'], ...listed].filter((id) => typeof id === 'string');
}
