import { createRequire } from 'node:module';
import { request as sendHttp } from 'node:http';
import COS from 'cos-nodejs-sdk-v5';
import { XMLParser } from 'fast-xml-parser';
import type tc3Module from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/sign.js';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

// By require, for Node and the test runner disagree on what this CommonJS module's default export is.
const tc3Sdk = createRequire(import.meta.url)(
  'tencentcloud-sdk-nodejs-common/tencentcloud/common/sign.js',
) as typeof tc3Module;

export const COS_HOST = '100000000001.cos-control.ap-guangzhou.myqcloud.com';
export const CI_HOST = 'bucket-1250000000.ci.ap-beijing.myqcloud.com';
export const BATCH_HOST = 'batch.tencentcloudapi.com';

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface WireRequest {
  readonly method?: string;
  /** Percent-encoded, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends exactly these headers, Host included, over a connection of its own. */
export function send(
  endpoint: string,
  { method = 'GET', path, headers, body }: WireRequest,
): Promise<WireAnswer> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const outgoing = sendHttp({ hostname, port, method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export interface QSignCall {
  readonly method?: string;
  readonly host?: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent and signed. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent after signing; overrides. */
  readonly unsigned?: Readonly<Record<string, string>>;
  readonly secretId?: string;
  readonly secretKey?: string;
  /** `<start>;<end>` in seconds; default: from now by the machine's clock. */
  readonly keyTime?: string;
}

/** A call signed by the official COS SDK. */
export async function qSigned(endpoint: string, sandbox: Sandbox, call: QSignCall): Promise<WireAnswer> {
  const { method = 'GET', host = COS_HOST, path, query = {}, headers = {}, unsigned = {} } = call;
  const signedHeaders = { Host: host, ...headers };
  const Authorization = COS.getAuthorization({
    SecretId: call.secretId ?? sandbox.account.secretId,
    SecretKey: call.secretKey ?? sandbox.account.secretKey,
    Method: method as 'GET',
    // a query that is part of the path is sent, but not signed
    Pathname: path.replace(/\?.*/, ''),
    Query: { ...query },
    Headers: signedHeaders,
    ...(call.keyTime === undefined ? {} : { KeyTime: call.keyTime }),
  });
  const search = Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  return send(endpoint, {
    method,
    path: search === '' ? path : `${path}?${search}`,
    headers: { ...signedHeaders, Authorization, ...unsigned },
  });
}

/** A validity window around this time, as `keyTime`. */
export function windowAt(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  return `${seconds - 1};${seconds + 900}`;
}

export async function cosCall(sandbox: Sandbox, call: QSignCall): Promise<WireAnswer> {
  const headers = { 'x-cos-appid': sandbox.account.appId, ...call.headers };
  return qSigned(sandbox.endpoints.cos, sandbox, { ...call, headers });
}

export async function ciCall(sandbox: Sandbox, call: QSignCall): Promise<WireAnswer> {
  return qSigned(sandbox.endpoints.ci, sandbox, { host: CI_HOST, ...call });
}

export interface Tc3Call {
  readonly action?: string;
  readonly body?: string;
  readonly region?: string | null;
  readonly host?: string;
  readonly nowMs?: number;
  readonly secretId?: string;
  readonly secretKey?: string;
  readonly service?: string;
  /** Sent after signing; overrides. */
  readonly unsigned?: Readonly<Record<string, string>>;
}

/** A POST signed by the official SDK's signer, with the real Host by default. */
export async function tc3Call(sandbox: Sandbox, call: Tc3Call): Promise<WireAnswer> {
  const { action = 'DescribeJobs', body = '{}', region = 'ap-guangzhou', host = BATCH_HOST } = call;
  const timestamp = Math.floor((call.nowMs ?? Date.now()) / 1000);
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  const Authorization = tc3Sdk.default.sign3({
    method: 'POST',
    url: `https://${host}/`,
    payload: Buffer.from(body, 'utf8'),
    timestamp,
    service: call.service ?? 'batch',
    secretId: call.secretId ?? sandbox.account.secretId,
    secretKey: call.secretKey ?? sandbox.account.secretKey,
    multipart: false,
    boundary: '',
    headers,
  });
  return send(sandbox.endpoints.batchCompute, {
    method: 'POST',
    path: '/',
    headers: {
      ...headers,
      Host: host,
      'X-TC-Action': action,
      'X-TC-Version': '2017-03-12',
      'X-TC-Timestamp': String(timestamp),
      ...(region === null ? {} : { 'X-TC-Region': region }),
      Authorization,
      ...call.unsigned,
    },
    body,
  });
}

export interface JobViewJson {
  readonly JobId: string;
  readonly JobName: string;
  readonly JobState: string;
  readonly CreateTime: string;
  readonly EndTime: string | null;
  readonly Placement: { readonly Zone: string } | null;
  readonly Tags: readonly { readonly Key: string; readonly Value: string }[] | null;
  readonly TaskMetrics: Readonly<Record<string, number>>;
}

/** The members of an answer that the tests look at; which of them are there depends on the action. */
export interface BatchResponse {
  readonly TotalCount: number;
  readonly JobSet: readonly JobViewJson[];
  readonly JobState: string;
  readonly NextAction: string;
  readonly StateReason: string;
  readonly TaskSet: readonly { readonly TaskName: string; readonly TaskState: string }[];
  readonly TaskMetrics: Readonly<Record<string, number>>;
  readonly TaskInstanceMetrics: Readonly<Record<string, number>>;
  readonly RequestId: string;
  readonly Error?: { readonly Code: string; readonly Message: string };
}

export function responseOf(answer: WireAnswer): BatchResponse {
  return (JSON.parse(answer.body) as { Response: BatchResponse }).Response;
}

/** The error code in an answer of any of the three; null when it is none. */
export function codeOf(answer: WireAnswer): string | null {
  if (answer.body.startsWith('{')) {
    return responseOf(answer).Error?.Code ?? null;
  }
  return /<Code>([^<]*)<\/Code>/.exec(errorPart(answer.body))?.[1] ?? null;
}

function errorPart(body: string): string {
  return body.includes('<Error>') ? body : '';
}

const LISTS: ReadonlySet<string> = new Set(['ListJobsResult.Jobs.member', 'Response.JobsDetail']);

/** A foreign reader's view of the XML, with the two repeated elements always as lists. */
export function readXml(body: string): Record<string, unknown> {
  const parser = new XMLParser({
    parseTagValue: false,
    isArray: (_name, path) => LISTS.has(String(path)),
  });
  return parser.parse(body) as Record<string, unknown>;
}

export interface CosMember {
  readonly JobId: string;
  readonly CreationTime: string;
  readonly Description?: string;
  readonly Operation: string;
  readonly Priority: string;
  readonly Status: string;
  readonly TerminationDate?: string;
  readonly ProgressSummary: {
    readonly NumberOfTasksFailed: string;
    readonly NumberOfTasksSucceeded: string;
    readonly TotalNumberOfTasks: string;
  };
}

export function cosList(answer: WireAnswer): {
  members: readonly CosMember[];
  nextToken: string | undefined;
} {
  const result = readXml(answer.body)['ListJobsResult'] as {
    Jobs: { member?: CosMember[] } | '';
    NextToken?: string;
  };
  return { members: result.Jobs === '' ? [] : (result.Jobs.member ?? []), nextToken: result.NextToken };
}

export interface CiDetail {
  readonly JobId: string;
  readonly Type?: string;
  readonly Name: string;
  readonly State: string;
  readonly Code: string;
  readonly Message: string;
  readonly CreationTime: string;
  readonly StartTime: string;
  readonly EndTime: string;
  readonly Operation: { readonly Tag?: string; readonly WorkflowIds?: string };
}

export function ciList(answer: WireAnswer): { details: readonly CiDetail[]; nextToken: string | undefined } {
  const response = readXml(answer.body)['Response'] as { JobsDetail?: CiDetail[]; NextToken?: string };
  return { details: response.JobsDetail ?? [], nextToken: response.NextToken };
}
