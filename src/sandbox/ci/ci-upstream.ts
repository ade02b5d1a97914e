import type { SandboxAccount } from '../account.ts';
import { Refusal, type Answer } from '../answer.ts';
import { cosStyleRequestId } from '../cos-style-request-id.ts';
import { cosStyleError, cosStyleSuccess } from '../cos-style-answer.ts';
import { claimedSecretId, refusedAtGate, type QSignGate } from '../q-sign-gate.ts';
import { headerOf, pathOf, queryOf, type ReceivedRequest } from '../received-request.ts';
import type { Upstream } from '../upstream.ts';
import type { XmlElement } from '../xml.ts';
import { ciErrorStatus } from './ci-error-statuses.ts';
import { ciGateRefusal, expiredCiToken } from './ci-gate.ts';
import { ciJobsDetail } from './ci-job-xml.ts';
import { listCiJobs, type CiListOptions } from './list-ci-jobs.ts';
import type { CiStore } from './ci-store.ts';

export interface CiUpstreamOptions extends CiListOptions {
  readonly account: SandboxAccount;
  /** By host label `<bucket-appid>@<region>`; see `ciStoreKey`. */
  readonly stores: ReadonlyMap<string, CiStore>;
  /** Insist on signatures over `host` and every query parameter; the real service does not. */
  readonly strictSignedHeaders: boolean;
}

export function ciStoreKey(bucket: string, region: string): string {
  return `${bucket}@${region}`;
}

/** CI's inventorytriggerjob: describe and list. Host first (it names the bucket), then signature, route, arguments. */
export function createCiUpstream(options: CiUpstreamOptions): Upstream {
  const gate: QSignGate = {
    account: options.account,
    // the documented one, and the one that two official SDKs send (ci-jobs.md section 1)
    tokenHeaders: ['x-ci-security-token', 'x-cos-security-token'],
    mustSign: options.strictSignedHeaders ? ['host'] : null,
  };
  return {
    name: 'ci',
    facts: (request) => {
      const jobId = jobIdOf(request);
      return {
        upstream: 'ci',
        action: actionOf(request),
        host: headerOf(request, 'host') ?? '',
        region: hostOf(request)?.region ?? null,
        bucket: hostOf(request)?.bucket ?? null,
        secretId: claimedSecretId(request),
        jobIds: jobId === null ? [] : [jobId],
        params: Object.fromEntries(queryOf(request).map(({ name, value }) => [name, value])),
      };
    },
    answer: (request, nowMs): Answer => {
      const store = storeAsked(request, options);
      const refused = refusedAtGate(request, nowMs, gate);
      if (refused !== null) {
        throw ciGateRefusal(refused.failure, refused.proof);
      }
      const requestId = cosStyleRequestId(nowMs);
      const children = result(request, store, nowMs, options);
      return cosStyleSuccess('ci', ['Response', [['RequestId', requestId], ...children]], requestId, nowMs);
    },
    refuse: (_request, refusal, nowMs) => cosStyleError('ci', refusal, [], nowMs),
    statusOf: ciErrorStatus,
    expiredToken: expiredCiToken,
  };
}

function result(
  request: ReceivedRequest,
  store: CiStore,
  nowMs: number,
  options: CiListOptions,
): readonly XmlElement[] {
  switch (actionOf(request)) {
    case 'DescribeInventoryTriggerJobs':
      return listCiJobs(store, queryOf(request), nowMs, options);
    case 'DescribeInventoryTriggerJob':
      return describe(store, jobIdOf(request) ?? '', nowMs, options);
    default:
      throw wrongRoute(request);
  }
}

/** An unknown id is no error: 200 with the id in NonExistJobIds (ci-jobs.md section 3). */
function describe(
  store: CiStore,
  jobId: string,
  nowMs: number,
  { shape }: CiListOptions,
): readonly XmlElement[] {
  const job = store.find(jobId);
  return job === null || job.createdAtMs > nowMs
    ? [['NonExistJobIds', jobId]]
    : [ciJobsDetail(job, nowMs, shape)];
}

function actionOf(request: ReceivedRequest): string {
  if (request.method === 'GET' && pathOf(request) === '/inventorytriggerjob') {
    return 'DescribeInventoryTriggerJobs';
  }
  if (request.method === 'GET' && jobIdOf(request) !== null) {
    return 'DescribeInventoryTriggerJob';
  }
  return `${request.method} ${request.rawPath}`;
}

function jobIdOf(request: ReceivedRequest): string | null {
  return /^\/inventorytriggerjob\/([^/]+)$/.exec(pathOf(request) ?? '')?.[1] ?? null;
}

function wrongRoute(request: ReceivedRequest): Refusal {
  const known = pathOf(request) === '/inventorytriggerjob' || jobIdOf(request) !== null;
  return known
    ? new Refusal(501, 'NotImplemented', 'this sandbox only reads')
    : new Refusal(404, 'InvalidUrl', 'the path is not recognised');
}

function hostOf(request: ReceivedRequest): { bucket: string; region: string } | null {
  const match = /^([a-z0-9-]+-\d+)\.ci\.([a-z0-9-]+)\.myqcloud\.com$/i.exec(headerOf(request, 'host') ?? '');
  return match === null
    ? null
    : { bucket: (match[1] ?? '').toLowerCase(), region: (match[2] ?? '').toLowerCase() };
}

function storeAsked(request: ReceivedRequest, { stores }: CiUpstreamOptions): CiStore {
  const host = hostOf(request);
  const store = host === null ? undefined : stores.get(ciStoreKey(host.bucket, host.region));
  if (store === undefined) {
    throw new Refusal(400, 'InvalidHost', 'expected <BucketName-APPID>.ci.<Region>.myqcloud.com as the Host');
  }
  return store;
}
