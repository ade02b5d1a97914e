import { systemClock, type Clock } from '../lib/clock.ts';
import {
  DEFAULT_BUCKETS,
  DEFAULT_REGIONS,
  WELL_KNOWN_ACCOUNT,
  type SandboxAccount,
  type SandboxBucket,
} from './account.ts';
import { createBatchComputePlaces } from './batch-compute/batch-compute-places.ts';
import { createBatchComputeUpstream } from './batch-compute/batch-compute-upstream.ts';
import type { NewBatchComputeJob } from './batch-compute/new-batch-compute-job.ts';
import { createRequestRate } from './batch-compute/request-rate.ts';
import { createCallLog, type SandboxCall } from './call-log.ts';
import type { CiShape } from './ci/ci-job-xml.ts';
import { createCiPlaces } from './ci/ci-places.ts';
import { createCiUpstream } from './ci/ci-upstream.ts';
import type { NewCiJob } from './ci/new-ci-job.ts';
import { createCosPlaces } from './cos/cos-places.ts';
import { createCosUpstream } from './cos/cos-upstream.ts';
import type { NewCosJob } from './cos/new-cos-job.ts';
import { createFaultQueue, type Faults } from './faults.ts';
import { listenOnLoopback, type LoopbackServer } from './loopback-server.ts';
import type { JobControl, WorldOptions } from './places.ts';
import { respondAs } from './respond-as.ts';
import type { Upstream } from './upstream.ts';

export interface SandboxOptions {
  /** Default: the machine's. Everything follows it: job lives, signature windows, rate limit, Date headers, slow answers. */
  readonly clock?: Clock;
  /** The same seed and start time give the same world. Default 1. */
  readonly seed?: number;
  /** `full` (default): some 1,600 jobs in every state. `empty`: none, for tests that add their own. */
  readonly world?: 'full' | 'empty';
  /** How many further jobs come into being per hour and place, for one day. Default 0: a full world keeps its number of jobs. */
  readonly arrivalsPerHour?: number;
  /** How many calls the record keeps at least. Default 10,000. */
  readonly recordedCalls?: number;
  /** Default: free ports. */
  readonly ports?: { readonly cos: number; readonly batchCompute: number; readonly ci: number };
  /** For each (SecretId, action); null: unlimited. Default 2, as on the vendor's page. */
  readonly batchComputeRequestsPerSecond?: number | null;
  /** When set, the key pair counts as temporary and requests must carry this token. Default null. */
  readonly sessionToken?: string | null;
  /** How COS and CI say that no page follows. Default `element`: `<NextToken/>`. */
  readonly emptyNextToken?: 'element' | 'omitted';
  /** Insist on signatures over host, x-cos-appid and every query parameter. Default false, like the real service. */
  readonly strictSignedHeaders?: boolean;
  /** Refuse loopback names as Host of BatchCompute calls, so that a client must keep the vendor's. Default false. */
  readonly requireVendorHost?: boolean;
  /** Refuse BatchCompute calls without X-TC-Region. Default false: the first region answers. */
  readonly requireRegion?: boolean;
  /** Accept several statuses in COS's jobStatuses. Default false. */
  readonly cosStatusLists?: boolean;
  /** Default `current`; `legacy` has no Type, empty times and Message `Success`. */
  readonly ciShape?: CiShape;
  /** Where COS and BatchCompute keep jobs. Default ap-guangzhou, ap-shanghai. */
  readonly regions?: readonly string[];
  readonly buckets?: readonly SandboxBucket[];
  /** Parts of the account that differ from the well-known one. */
  readonly account?: Partial<Omit<SandboxAccount, 'sessionToken'>>;
}

export interface Sandbox {
  /** `http://127.0.0.1:PORT` each. Connect there, but send the real Host. */
  readonly endpoints: { readonly cos: string; readonly batchCompute: string; readonly ci: string };
  readonly account: SandboxAccount;
  readonly regions: readonly string[];
  readonly buckets: readonly SandboxBucket[];
  /** The calls so far, in order of arrival; live. */
  readonly calls: readonly SandboxCall[];
  clearCalls(): void;
  readonly cos: JobControl<NewCosJob>;
  readonly batchCompute: JobControl<NewBatchComputeJob>;
  readonly ci: Omit<JobControl<NewCiJob>, 'remove'>;
  readonly faults: Faults;
  /** Breaks open connections too. */
  close(): Promise<void>;
}

/** Starts the three upstreams on loopback. The caller closes the sandbox. Rejects, with nothing left open, when a port is taken. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const clock = options.clock ?? systemClock;
  const account = { ...WELL_KNOWN_ACCOUNT, ...options.account, sessionToken: options.sessionToken ?? null };
  const regions = options.regions ?? DEFAULT_REGIONS;
  const buckets = options.buckets ?? DEFAULT_BUCKETS;
  const world: WorldOptions = {
    account,
    seed: options.seed ?? 1,
    kind: options.world ?? 'full',
    arrivalsPerHour: options.arrivalsPerHour ?? 0,
    now: () => clock.now(),
  };
  const cos = createCosPlaces(regions, world);
  const batchCompute = createBatchComputePlaces(regions, world);
  const ci = createCiPlaces(buckets, world);
  const parts = { clock, faults: createFaultQueue(), log: createCallLog(options.recordedCalls ?? 10_000) };
  const servers: LoopbackServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()));
  };
  const listen = async (port: number, upstream: Upstream): Promise<string> => {
    try {
      const server = await listenOnLoopback(port, clock, respondAs(upstream, parts));
      servers.push(server);
      return server.url;
    } catch (error) {
      await close();
      throw error;
    }
  };
  const ports = options.ports ?? { cos: 0, batchCompute: 0, ci: 0 };
  const shared = {
    account,
    emptyNextToken: options.emptyNextToken ?? 'element',
    strictSignedHeaders: options.strictSignedHeaders ?? false,
  };
  const endpoints = {
    cos: await listen(
      ports.cos,
      createCosUpstream({ ...shared, stores: cos.stores, statusLists: options.cosStatusLists ?? false }),
    ),
    batchCompute: await listen(
      ports.batchCompute,
      createBatchComputeUpstream({
        account,
        stores: batchCompute.stores,
        rate: createRequestRate(),
        requestsPerSecond:
          options.batchComputeRequestsPerSecond === undefined ? 2 : options.batchComputeRequestsPerSecond,
        requireRegion: options.requireRegion ?? false,
        requireVendorHost: options.requireVendorHost ?? false,
      }),
    ),
    ci: await listen(
      ports.ci,
      createCiUpstream({ ...shared, stores: ci.stores, shape: options.ciShape ?? 'current' }),
    ),
  };
  return {
    endpoints,
    account,
    regions,
    buckets,
    calls: parts.log.calls,
    clearCalls: () => {
      parts.log.clear();
    },
    cos: cos.control,
    batchCompute: batchCompute.control,
    ci: ci.control,
    faults: parts.faults,
    close,
  };
}
