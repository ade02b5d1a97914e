/** The three sources' own clients, with their signers and everything else between them and a socket. */
import { systemClock } from '../../src/lib/clock.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { Credential } from '../../src/model/credential.ts';
import type { JobSummary } from '../../src/model/job.ts';
import type { JobSource, Origin } from '../../src/model/origin.ts';
import { BatchComputeClient } from '../../src/sources/batch-compute/client.ts';
import { batchComputeSigner } from '../../src/sources/batch-compute/signature.ts';
import { CiClient } from '../../src/sources/ci/client.ts';
import { ciSigner } from '../../src/sources/ci/signature.ts';
import { CosClient } from '../../src/sources/cos/client.ts';
import { cosSigner } from '../../src/sources/cos/signature.ts';
import { createSend, type SendLimits } from '../../src/upstream/onion.ts';
import type { CallScope } from '../../src/lib/call-scope.ts';
import type { Send } from '../../src/upstream/send.ts';
import type { Signer } from '../../src/upstream/signing/sign.ts';

export const SOURCES = ['COS', 'BATCH_COMPUTE', 'CI'] as const satisfies readonly JobSource[];

/** What must never be seen outside a signature, and the token not outside the request to the upstream. */
export const CREDENTIAL: Credential = {
  secretId: new Secret('AKIDHOSTILE0000000000000000000000001'),
  secretKey: new Secret('hostile-secret-key'),
  sessionToken: new Secret('hostile-session-token'),
};

/** How many jobs `list` asks for. */
export const ASKED_FOR = 20;
/** An id that each source accepts. */
export const JOB_ID = 'job-a0q7m2xe';

/** What is common to the three clients' reads. */
export interface HostileClient {
  list(scope?: CallScope): Promise<{
    readonly jobs: readonly JobSummary[];
    readonly nextToken?: string | null;
    readonly totalCount?: number;
  }>;
  /** Of `JOB_ID`; null when the upstream does not know it. */
  describe(scope?: CallScope): Promise<object | null>;
  close(): Promise<void>;
}

const ORIGINS: Readonly<Record<JobSource, Origin>> = {
  COS: { source: 'COS', account: 'media', region: 'ap-guangzhou', bucket: null },
  BATCH_COMPUTE: { source: 'BATCH_COMPUTE', account: 'media', region: 'ap-guangzhou', bucket: null },
  CI: { source: 'CI', account: 'media', region: 'ap-beijing', bucket: 'clips-1250000000' },
};

const credential = (): Credential => CREDENTIAL;

const SIGNERS: Readonly<Record<JobSource, Signer>> = {
  COS: cosSigner({ origin: ORIGINS.COS, uin: '100000000001', appId: '1250000000', credential }),
  BATCH_COMPUTE: batchComputeSigner({ credential }),
  CI: ciSigner({ origin: ORIGINS.CI, credential }),
};

/** Reads from the endpoint; with pauses between attempts of no length. */
export function hostileClient(
  source: JobSource,
  endpoint: string,
  limits: Partial<SendLimits> = {},
): HostileClient {
  const { send, close } = createSend({
    origin: ORIGINS[source],
    endpoint,
    signer: SIGNERS[source],
    clock: systemClock,
    random: () => 0,
    limits,
  });
  return { ...readsOf(source, send), close };
}

function readsOf(source: JobSource, send: Send): Omit<HostileClient, 'close'> {
  const origin = ORIGINS[source];
  if (source === 'COS') {
    const client = new CosClient(origin, send);
    return {
      list: (scope = aScope()) =>
        client.listJobs({ status: null, maxResults: ASKED_FOR, nextToken: null }, scope),
      describe: (scope = aScope()) => client.describeJob(JOB_ID, scope),
    };
  }
  if (source === 'CI') {
    const client = new CiClient(origin, send);
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
    return {
      list: (scope = aScope()) => client.listJobs({ filter, nextToken: null, size: ASKED_FOR }, scope),
      describe: (scope = aScope()) => client.describeJob(JOB_ID, scope),
    };
  }
  const client = new BatchComputeClient(origin, send);
  return {
    list: (scope = aScope()) => client.describeJobs({ filters: [], offset: 0 }, ASKED_FOR, scope),
    describe: (scope = aScope()) => client.describeJob(JOB_ID, scope),
  };
}

/** A call with 5 s to go. */
export function aScope(): CallScope {
  return { signal: new AbortController().signal, deadlineMs: systemClock.now() + 5_000 };
}
