import type { SandboxAccount } from '../account.ts';
import { Refusal, type Answer } from '../answer.ts';
import { cosStyleRequestId } from '../cos-style-request-id.ts';
import { cosStyleError, cosStyleSuccess } from '../cos-style-answer.ts';
import { claimedSecretId, refusedAtGate, type QSignGate } from '../q-sign-gate.ts';
import { headerOf, pathOf, queryOf, type ReceivedRequest } from '../received-request.ts';
import type { Upstream } from '../upstream.ts';
import type { XmlElement } from '../xml.ts';
import { cosErrorStatus } from './cos-error-statuses.ts';
import { cosGateRefusal, expiredCosToken } from './cos-gate.ts';
import { cosJobDetail } from './cos-job-xml.ts';
import { listCosJobs, type CosListOptions } from './list-cos-jobs.ts';
import type { CosStore } from './cos-store.ts';

export interface CosUpstreamOptions extends CosListOptions {
  readonly account: SandboxAccount;
  /** By region. */
  readonly stores: ReadonlyMap<string, CosStore>;
  /** Insist on signatures over `host`, `x-cos-appid` and every query parameter; the real service does not. */
  readonly strictSignedHeaders: boolean;
}

/** COS Batch Operation: ListJobs and DescribeJob. The checks run in the order of cos-batch.md section 13. */
export function createCosUpstream(options: CosUpstreamOptions): Upstream {
  const gate: QSignGate = {
    account: options.account,
    tokenHeaders: ['x-cos-security-token'],
    mustSign: options.strictSignedHeaders ? ['host', 'x-cos-appid'] : null,
  };
  return {
    name: 'cos',
    facts: (request) => {
      const jobId = jobIdOf(request);
      return {
        upstream: 'cos',
        action: actionOf(request),
        host: headerOf(request, 'host') ?? '',
        region: hostOf(request)?.region ?? null,
        bucket: null,
        secretId: claimedSecretId(request),
        jobIds: jobId === null ? [] : [jobId],
        params: Object.fromEntries(queryOf(request).map(({ name, value }) => [name, value])),
      };
    },
    answer: (request, nowMs): Answer => {
      const refused = refusedAtGate(request, nowMs, gate);
      if (refused !== null) {
        throw cosGateRefusal(refused.failure, refused.proof);
      }
      const store = storeAsked(request, options);
      checkAppId(request, options.account);
      const requestId = cosStyleRequestId(nowMs);
      return cosStyleSuccess('cos', result(request, store, nowMs, options), requestId, nowMs);
    },
    refuse: (request, refusal, nowMs) => {
      const resource = `${headerOf(request, 'host') ?? ''}${request.rawPath}`;
      return cosStyleError('cos', refusal, [['Resource', resource]], nowMs);
    },
    statusOf: cosErrorStatus,
    expiredToken: expiredCosToken,
  };
}

function result(
  request: ReceivedRequest,
  store: CosStore,
  nowMs: number,
  options: CosListOptions,
): XmlElement {
  switch (actionOf(request)) {
    case 'ListJobs':
      return listCosJobs(store, queryOf(request), nowMs, options);
    case 'DescribeJob':
      return describe(store, jobIdOf(request) ?? '', nowMs);
    default:
      throw wrongRoute(request);
  }
}

function describe(store: CosStore, jobId: string, nowMs: number): XmlElement {
  const job = store.find(jobId);
  if (job === null || job.createdAtMs > nowMs) {
    throw new Refusal(404, 'NoSuchJob', 'the job does not exist');
  }
  return ['DescribeJobResult', [cosJobDetail(job, nowMs)]];
}

function actionOf(request: ReceivedRequest): string {
  if (request.method === 'GET' && pathOf(request) === '/jobs') {
    return 'ListJobs';
  }
  if (request.method === 'GET' && jobIdOf(request) !== null) {
    return 'DescribeJob';
  }
  return `${request.method} ${request.rawPath}`;
}

function jobIdOf(request: ReceivedRequest): string | null {
  const match = /^\/jobs\/([^/]+)(?:\/(?:status|priority))?$/.exec(pathOf(request) ?? '');
  return match?.[1] ?? null;
}

function wrongRoute(request: ReceivedRequest): Refusal {
  const known = pathOf(request) === '/jobs' || jobIdOf(request) !== null;
  return known
    ? new Refusal(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.')
    : new Refusal(400, 'InvalidRequest', 'the request names no job');
}

function hostOf(request: ReceivedRequest): { uin: string; region: string } | null {
  const match = /^(\d+)\.cos-control\.([a-z0-9-]+)\.myqcloud\.com$/i.exec(headerOf(request, 'host') ?? '');
  return match === null ? null : { uin: match[1] ?? '', region: (match[2] ?? '').toLowerCase() };
}

/** No document says what a wrong host gets; another account's is treated as forbidden, any other as malformed. */
function storeAsked(request: ReceivedRequest, { account, stores }: CosUpstreamOptions): CosStore {
  const host = hostOf(request);
  if (host !== null && host.uin !== account.uin) {
    throw new Refusal(403, 'AccessDenied', 'Access Denied.');
  }
  const store = stores.get(host?.region ?? '');
  if (store === undefined) {
    throw new Refusal(400, 'InvalidRequest', 'expected <UIN>.cos-control.<Region>.myqcloud.com as the Host');
  }
  return store;
}

function checkAppId(request: ReceivedRequest, account: SandboxAccount): void {
  const appId = headerOf(request, 'x-cos-appid') ?? '';
  if (!/^\d{1,64}$/.test(appId)) {
    throw new Refusal(400, 'InvalidArgument', 'The x-cos-appid header is empty or invalid');
  }
  if (appId !== account.appId) {
    throw new Refusal(403, 'AccessDenied', 'Access Denied.');
  }
}
