/** The three simulated upstreams, a process of their own: `UpstreamSettings`. Asked, tells the calls since it was asked last. */
import { createRandom } from '../../src/sandbox/random.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { answerQuestions, settingsOfChild } from './children.ts';

export interface UpstreamSettings {
  /** How many jobs each place of a source has, evenly over 30 days; null: the sandbox's own world. */
  readonly jobs: { readonly cos: number; readonly batchCompute: number; readonly ci: number } | null;
  /** The part of them that runs; the others have completed. */
  readonly runningShare: number;
  /** How much later than at once they answer. */
  readonly delayMs: number;
  /** BatchCompute's calls a second; null: as many as come. */
  readonly requestsPerSecond: number | null;
}

/** What a gateway has to know of them. */
export type SandboxFacts = Pick<Sandbox, 'account' | 'endpoints' | 'regions' | 'buckets'>;

export interface UpstreamsReady {
  readonly facts: SandboxFacts;
  readonly jobIds: readonly { readonly source: string; readonly place: string; readonly jobId: string }[];
}

export interface Calls {
  readonly cos: number;
  readonly batchCompute: number;
  readonly ci: number;
  /** Of BatchCompute's, those that came too fast. */
  readonly refused: number;
}

const DAYS_MS = 30 * 86_400_000;

const settings = (await settingsOfChild()) as UpstreamSettings;
const sandbox = await startSandbox({
  world: settings.jobs === null ? 'full' : 'empty',
  batchComputeRequestsPerSecond: settings.requestsPerSecond,
  recordedCalls: 1_000_000,
});
fill();
for (const upstream of ['cos', 'batchCompute', 'ci'] as const) {
  sandbox.faults.add({ upstream, fault: { kind: 'slow', delayMs: settings.delayMs } });
}
const { account, endpoints, regions, buckets, cos, batchCompute, ci } = sandbox;
const ready: UpstreamsReady = {
  facts: { account, endpoints, regions, buckets },
  jobIds: [
    ...regions.flatMap((place) => named('COS', place, cos.jobIds(place))),
    ...regions.flatMap((place) => named('BATCH_COMPUTE', place, batchCompute.jobIds(place))),
    ...buckets.flatMap(({ name }) => named('CI', name, ci.jobIds(name))),
  ],
};
answerQuestions(ready, () => {
  const to = (name: string): number => sandbox.calls.filter(({ upstream }) => upstream === name).length;
  const calls: Calls = {
    cos: to('cos'),
    batchCompute: to('batchCompute'),
    ci: to('ci'),
    refused: sandbox.calls.filter(({ outcome }) => outcome.startsWith('RequestLimitExceeded')).length,
  };
  sandbox.clearCalls();
  return Promise.resolve(calls);
});

function named(source: string, place: string, jobIds: readonly string[]): UpstreamsReady['jobIds'] {
  return jobIds.map((jobId) => ({ source, place, jobId }));
}

function fill(): void {
  const random = createRandom(1, 'jobs');
  const times = (count: number): number[] =>
    Array.from({ length: count }, () => Date.now() - random.integer(60_000, DAYS_MS));
  const isRunning = (): boolean => random.chance(settings.runningShare);
  for (const region of settings.jobs === null ? [] : sandbox.regions) {
    for (const createdAtMs of times(settings.jobs?.cos ?? 0)) {
      sandbox.cos.add(region, { createdAtMs, status: isRunning() ? 'Active' : 'Complete' });
    }
    for (const createdAtMs of times(settings.jobs?.batchCompute ?? 0)) {
      sandbox.batchCompute.add(region, { createdAtMs, state: isRunning() ? 'RUNNING' : 'SUCCEED' });
    }
  }
  for (const { name } of settings.jobs === null ? [] : sandbox.buckets) {
    for (const createdAtMs of times(settings.jobs?.ci ?? 0)) {
      sandbox.ci.add(name, { createdAtMs, state: isRunning() ? 'Running' : 'Success' });
    }
  }
}
