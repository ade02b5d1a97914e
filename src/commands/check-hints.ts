import type { AccountConfig } from '../config.ts';
import type { UpstreamError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';

/** What is known of a read that failed. */
export interface FailedRead {
  readonly origin: Origin;
  readonly error: UpstreamError;
  /** The account that the origin belongs to. */
  readonly account: AccountConfig | undefined;
  /** How far the upstream's clock is ahead of this machine's; null while it has not answered. */
  readonly clockOffsetMs: number | null;
}

/** The actions that a read needs, as access management (CAM) calls them, and a policy of the vendor's that grants them. */
const GRANTS = {
  COS: 'cos:ListJobs and cos:DescribeJob on resource *',
  BATCH_COMPUTE:
    'name/batch:DescribeJobs and name/batch:DescribeJob, as the policy QcloudBatchReadOnlyAccess does',
  CI: 'ci:DescribeInventoryTriggerJobs and ci:DescribeInventoryTriggerJob on the bucket',
} as const;

/** An upstream allows for a few minutes; what is less has another cause. */
const CLOCK_IS_OFF_MS = 60_000;

/**
 * What a person should look at first when a read has failed, by what usually is the mistake; null where the error says all there
 * is. Never holds a secret or an upstream's own words.
 */
export function hintFor(failed: FailedRead): string | null {
  const { error } = failed;
  switch (error.code) {
    case 'UPSTREAM_AUTH_FAILED':
      return clockHint(failed) ?? credentialHint(failed);
    case 'UPSTREAM_FORBIDDEN':
      return `the key is right and lacks a grant: allow ${GRANTS[failed.origin.source]} for its user in CAM`;
    case 'UPSTREAM_REJECTED':
      return placeHint(failed);
    case 'UPSTREAM_UNAVAILABLE':
    case 'UPSTREAM_TIMEOUT':
    case 'UPSTREAM_BAD_RESPONSE':
      return routeHint(failed);
    case 'UPSTREAM_RATE_LIMITED':
      return 'others use the same budget of calls: the console, scripts, another gateway without REDIS_URL. Lower requestsPerSecond';
  }
}

/** A time that is off by little is corrected by the gateway itself, and worth a word all the same. */
export function clockWarning(offsetsMs: readonly number[]): string | null {
  const [worst = 0] = offsetsMs.toSorted((one, other) => Math.abs(other) - Math.abs(one));
  return Math.abs(worst) < CLOCK_IS_OFF_MS ? null : `${clockSentence(worst)}: let it follow a time server`;
}

function clockHint({ clockOffsetMs, error }: FailedRead): string | null {
  if (clockOffsetMs !== null && Math.abs(clockOffsetMs) >= CLOCK_IS_OFF_MS) {
    return `${clockSentence(clockOffsetMs)}: set it, and let it follow a time server`;
  }
  return error.remedy === 'CORRECT_CLOCK'
    ? "the upstream does not accept this machine's time: set its clock"
    : null;
}

function clockSentence(offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  const direction = offsetMs > 0 ? 'behind' : 'ahead of';
  return `this machine's clock is ${minutes} minute${minutes === 1 ? '' : 's'} ${direction} the upstream's`;
}

/** Which half of the key pair is wrong, as far as the upstream's code tells. */
function credentialHint({ error, account }: FailedRead): string {
  const { upstreamCode } = error;
  if (/SecretIdNotFound|InvalidSecretId|InvalidAccessKeyId|SecretidNotExist/.test(upstreamCode ?? '')) {
    return 'the secretId is unknown: it is mistyped, deleted, disabled, or of another cloud (China and international are apart)';
  }
  if (error.remedy === 'RELOAD_CREDENTIAL' && (account?.credential.sessionToken ?? null) !== null) {
    return 'the session is over: secretId, secretKey and sessionToken have to be renewed together';
  }
  if (/SignatureFailure|SignatureDoesNotMatch|InvalidAuthorization/.test(upstreamCode ?? '')) {
    return 'the secretId is known and the secretKey does not belong to it: copy both anew from the same row of the console';
  }
  if (upstreamCode?.startsWith('Ip') === true) {
    return 'the key may not be used from this address: see the network conditions of the key';
  }
  return (account?.credential.sessionToken ?? null) === null
    ? 'the key pair is not accepted. If it is a temporary one, its sessionToken is missing'
    : 'the key pair is not accepted, or its session is over';
}

function placeHint({ origin, error, account }: FailedRead): string | null {
  const { region, bucket, source } = origin;
  const { upstreamCode } = error;
  if (source === 'CI') {
    const appId = /-(\d+)$/.exec(bucket ?? '')?.[1];
    const ownAppId = account?.cos?.appId;
    return appId !== undefined && ownAppId !== undefined && appId !== ownAppId
      ? `the bucket ends in ${appId} and the account's appId is ${ownAppId}: it is another account's`
      : `there is no such bucket in ${region}, or Cloud Infinite is not bound to it: see the bucket's region and its data processing page in the console`;
  }
  if (source === 'BATCH_COMPUTE' || /Redirect|Region/.test(upstreamCode ?? '')) {
    return upstreamCode === 'UnsupportedRegion' || /Redirect/.test(upstreamCode ?? '')
      ? `the product is not there in ${region}: take one of its regions, such as ap-guangzhou`
      : null;
  }
  return "appId or uin may be another account's: both are on the account's page in the console, and the uin is that of the main account";
}

/** What keeps this machine from whom it wants to talk to. */
export type Obstacle = 'unknown-host' | 'no-route' | 'intercepted';

/** What is to be looked at when a certificate is not that of whom it should be. */
export const INTERCEPTED =
  'something in between answers in its place: give Node the certificate of that proxy by NODE_EXTRA_CA_CERTS';

/** By Node's own short code of a connection that failed; null where that is no matter of the way there. */
export function obstacleOf(code: string): Obstacle | null {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return 'unknown-host';
  }
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/.test(code)) {
    return 'no-route';
  }
  return /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_|ERR_TLS|ERR_SSL|EPROTO)/.test(code)
    ? 'intercepted'
    : null;
}

/** With the code, the message of a failed connection ends. */
const NETWORK_CODE = /\(([A-Z][A-Z0-9_]+)\)$/;

function routeHint({ origin, error, account }: FailedRead): string | null {
  switch (obstacleOf(NETWORK_CODE.exec(error.message)?.[1] ?? '')) {
    case 'unknown-host':
      return origin.source === 'BATCH_COMPUTE'
        ? 'its host name is not found: see the DNS of this machine'
        : `its host name is not found: see whether ${origin.region} is a region of the product, and the DNS of this machine`;
    case 'no-route':
      return endpointOf(origin, account) === null
        ? 'there is no way to it from this machine: see its firewall, its route to the internet, and whether a proxy is in between (endpoint sets another address)'
        : 'nothing answers at the endpoint that is configured for it';
    case 'intercepted':
      return INTERCEPTED;
    case null:
      return error.code === 'UPSTREAM_TIMEOUT'
        ? 'it takes longer than deadlines.attemptMs: a firewall that drops packets looks the same'
        : null;
  }
}

function endpointOf({ source }: Origin, account: AccountConfig | undefined): string | null {
  const place = { COS: account?.cos, BATCH_COMPUTE: account?.batchCompute, CI: account?.ci }[source];
  return place?.endpoint ?? null;
}
