import type { Remedy, UpstreamErrorCode } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { placeName, sourceName } from './origin-name.ts';

/** One kind of refusal, as clients see it: a code, whether the same read may succeed later, what happened and what to do. */
export interface Fault {
  readonly code: UpstreamErrorCode;
  readonly retryable: boolean;
  /** What the gateway does about it by itself, once, before the error is told (reliability U37, U38). Absent: nothing. */
  readonly remedy?: Remedy;
  readonly says: (source: string, place: string) => string;
}

/** What can be wrong when an upstream refuses a read. Several kinds share a code and differ in what to do about it. */
export const FAULTS = {
  credentials: {
    code: 'UPSTREAM_AUTH_FAILED',
    retryable: false,
    says: (source, place) =>
      `${source} refused the gateway's credentials for ${place}: check secretId, secretKey and the machine's clock`,
  },
  clock: {
    code: 'UPSTREAM_AUTH_FAILED',
    retryable: false,
    remedy: 'CORRECT_CLOCK',
    says: (source, place) =>
      `${source} refused the time of the gateway's signature for ${place}: set the machine's clock`,
  },
  sessionToken: {
    code: 'UPSTREAM_AUTH_FAILED',
    retryable: false,
    remedy: 'RELOAD_CREDENTIAL',
    says: (source, place) =>
      `${source} refused the gateway's session token for ${place}: renew secretId, secretKey and sessionToken together`,
  },
  // What CI says of a wrong key as well as of a session that has ended, for which it has no code of its own.
  credentialsOrToken: {
    code: 'UPSTREAM_AUTH_FAILED',
    retryable: false,
    remedy: 'RELOAD_CREDENTIAL',
    says: (source, place) =>
      `${source} refused the gateway's credentials for ${place}: check secretId and secretKey, and renew the sessionToken if there is one`,
  },
  forbidden: {
    code: 'UPSTREAM_FORBIDDEN',
    retryable: false,
    says: (source, place) =>
      `${source} does not allow the gateway's credentials this call for ${place}: grant the action in access management (CAM)`,
  },
  throttled: {
    code: 'UPSTREAM_RATE_LIMITED',
    retryable: true,
    says: (source, place) => `${source} received too many calls for ${place}: ask again later`,
  },
  broken: {
    code: 'UPSTREAM_UNAVAILABLE',
    retryable: true,
    says: (source, place) => `${source} is not available for ${place}: ask again later`,
  },
  failed: {
    code: 'UPSTREAM_UNAVAILABLE',
    retryable: false,
    says: (source, place) =>
      `${source} could not complete the call for ${place}: if it stays so, ask its support with the request id`,
  },
  slow: {
    code: 'UPSTREAM_TIMEOUT',
    retryable: true,
    says: (source, place) => `${source} ran out of time over the call for ${place}: ask again later`,
  },
  misplaced: {
    code: 'UPSTREAM_REJECTED',
    retryable: false,
    says: (source, place) =>
      `${source} does not serve the configured place, ${place}: check region, bucket and endpoint`,
  },
  suspended: {
    code: 'UPSTREAM_REJECTED',
    retryable: false,
    says: (source, place) =>
      `${source} has suspended its service for ${place}: check the account's balance and notices`,
  },
  rejected: {
    code: 'UPSTREAM_REJECTED',
    retryable: false,
    says: (source, place) =>
      `${source} rejected the gateway's request for ${place}: asking again will not help, report it with the request id`,
  },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof FAULTS;

/** The sentence for clients, with the upstream's own code in brackets when there is one. */
export function faultMessage(name: FaultName, origin: Origin, upstreamCode: string | null): string {
  const sentence = FAULTS[name].says(sourceName(origin), placeName(origin));
  return upstreamCode === null ? sentence : `${sentence} (${upstreamCode})`;
}
