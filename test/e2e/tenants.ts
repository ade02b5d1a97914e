/** Accounts with upstreams of their own, whose jobs tell whose they are. */
import { onTestFinished } from 'vitest';
import { sandboxAccount } from '../../src/commands/sandbox-account.ts';
import type { AccountConfig } from '../../src/config.ts';
import type { Phase } from '../../src/sandbox/life.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { batchComputeId, ciId, cosId, REGION } from './support.ts';

/** How many jobs a tenant has in each product. */
export const JOBS = 5;

/** The same in every account. */
export const IDS = Array.from({ length: JOBS }, (_, index) => ({
  cos: `the-same-job-${index}`,
  batchCompute: `job-samejob${index}`,
  ci: `thesamejob${index}`,
}));

export interface Tenant {
  readonly name: string;
  readonly sandbox: Sandbox;
  readonly account: AccountConfig;
  readonly bucket: string;
  /** The ids of all of its jobs. */
  readonly ids: readonly string[];
  readonly secrets: readonly string[];
  /** Turns one of its COS jobs into something else. */
  change(index: number): void;
}

/** An account with upstreams of its own; what its jobs are called tells whose they are. `number`: which credential and places. */
export async function startTenant(number: number, name = `account${number}`): Promise<Tenant> {
  const digits = String(number).padStart(4, '0');
  const bucket = `lab-125000${digits}`;
  const sessionToken = `SESSIONTOKEN${digits}`;
  const sandbox = await startSandbox({
    world: 'empty',
    batchComputeRequestsPerSecond: null,
    regions: [REGION],
    sessionToken,
    account: {
      appId: `125000${digits}`,
      uin: `10000000${digits}`,
      secretId: `AKIDCANARY${digits}`,
      secretKey: `SECRETKEYCANARY${digits}`,
    },
    buckets: [{ name: bucket, region: 'ap-beijing' }],
  });
  onTestFinished(() => sandbox.close());
  const canary = `canary-${number}-`;
  const lives = IDS.map((ids) => {
    const phases: [Phase] = [{ status: 'Active', fromMs: 0, done: 0 }];
    sandbox.cos.add(REGION, { jobId: ids.cos, description: canary, roleArn: canary, life: phases });
    sandbox.batchCompute.add(REGION, { jobId: ids.batchCompute, jobName: canary, state: 'RUNNING' });
    sandbox.ci.add(bucket, { jobId: ids.ci, name: canary, state: 'Running' });
    return phases;
  });
  const { secretId, secretKey } = sandbox.account;
  return {
    name,
    sandbox,
    account: { ...sandboxAccount(sandbox, 1_000), name },
    bucket,
    ids: IDS.flatMap((ids) => [
      cosId(ids.cos, REGION, name),
      batchComputeId(ids.batchCompute, REGION, name),
      ciId(ids.ci, bucket, name),
    ]),
    secrets: [secretId, secretKey, sessionToken],
    change: (index) => {
      const [{ status }] = lives[index]!;
      lives[index]![0] = { status: status === 'Active' ? 'Paused' : 'Active', fromMs: 0, done: 0 };
    },
  };
}

/** Whose canaries a text holds, by number. */
export function ownersIn(text: string): number[] {
  return [...new Set([...text.matchAll(/canary-(\d+)-/g)].map(([, number]) => Number(number)))];
}

/** Everything that was a text in base64url, too: ids and cursors. */
export function unsealed(value: unknown): string {
  const text = JSON.stringify(value);
  const sealed = [...text.matchAll(/"([\w-]{8,})"/g)].map(([, word = '']) =>
    Buffer.from(word, 'base64url').toString('latin1'),
  );
  return [text, ...sealed].join('\n');
}
