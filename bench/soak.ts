/**
 * Does the gateway stay as it is? A replica is asked 50 times a second for a long time, of every kind of question, while one
 * upstream call in twenty fails in one way or another (reliability F18). Prints what it holds every ten seconds, and at the
 * end how fast its memory grew over the last two thirds.
 *
 * node bench/soak.ts [minutes=15]
 */
import { readFile, readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import type { Fault } from '../src/sandbox/faults.ts';
import { openLoop, type Sent } from '../test/support/open-loop.ts';
import { figure, median, percentile, row } from './cache/figures.ts';
import { startGateway } from './running/gateways.ts';
import { startInspector } from './running/inspector.ts';

const MINUTES = Number(process.argv[2] ?? 15);
const PER_SECOND = 50;
const SAMPLE_MS = 10_000;
const FAULT_EVERY = 20;
const JOB = 'jobId status displayName createdAt';

const FAULTS: readonly Fault[] = [
  { kind: 'error', code: 'InternalError', status: 500 },
  { kind: 'empty', status: 502 },
  { kind: 'slow', delayMs: 3_000 },
  { kind: 'drop', when: 'before-answer' },
  { kind: 'drop', when: 'within-body' },
  { kind: 'truncate' },
  { kind: 'html', status: 200 },
];

/** Short questions, long ones, merged ones, details, ones that repeat and ones that do not. */
function bodyOf(number: number): string {
  const questions = [
    `{ cosJobs(first: ${1 + (number % 50)}) { nodes { ${JOB} } pageInfo { endCursor } } }`,
    `{ batchComputeJobs(first: 10) { nodes { ${JOB} tasks { name } } } }`,
    `{ ciJobs(first: ${1 + (number % 20)}) { nodes { ${JOB} } } }`,
    `{ jobs(first: 20, filter: { text: "${number % 1_000}" }) { nodes { id ${JOB} } origins { outcome } } }`,
    `{ jobs(first: 10) { nodes { id ${JOB} } } }`,
    `query Q${number} { origins { source } }`,
    `{ cosJobs(first: 3) { nodes { ${JOB} failures { code } manifest { spec { format } } } } }`,
    `{ nosuchfield${number} }`,
  ];
  return JSON.stringify({ query: questions[number % questions.length] });
}

interface Sample {
  readonly atMs: number;
  readonly rssMb: number;
  readonly heapMb: number;
  readonly sockets: number;
  readonly loopP99Ms: number;
}

const sandbox = await startSandbox({ batchComputeRequestsPerSecond: 1_000, recordedCalls: 100 });
(['cos', 'batchCompute', 'ci'] as const).forEach((upstream, index) => {
  // Each rule strikes once and is then added anew, so that about one call in twenty is struck.
  let next = index;
  const again = (): void => {
    const fault = FAULTS[(next += 1) % FAULTS.length] ?? { kind: 'truncate' };
    sandbox.faults.add({ upstream, skip: FAULT_EVERY - 1, times: 1, fault });
  };
  again();
  let seen = 0;
  setInterval(() => {
    const calls = sandbox.calls.filter((call) => call.upstream === upstream).length;
    if (calls !== seen) {
      seen = calls;
      again();
    }
  }, 1_000).unref();
});
const gateway = await startGateway({ sandbox, execArgv: ['--expose-gc', '--inspect=127.0.0.1:0'] });
const inspector = await startInspector(gateway);
const samples: Sample[] = [];

async function sample(beganAtMs: number): Promise<void> {
  const { heapMb, loopP99Ms } = await inspector.look();
  const status = await readFile(`/proc/${gateway.child.pid}/status`, 'utf8');
  const links = await readdir(`/proc/${gateway.child.pid}/fd`);
  const taken: Sample = {
    atMs: performance.now() - beganAtMs,
    rssMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024,
    heapMb,
    sockets: links.length,
    loopP99Ms,
  };
  samples.push(taken);
  const { atMs, rssMb, sockets } = taken;
  console.log(row(figure(atMs / 1_000), figure(rssMb, 1), figure(heapMb, 1), sockets, figure(loopP99Ms)));
}

/** Megabytes a minute, by the line that fits best. */
function slope(of: (sample: Sample) => number): number {
  const late = samples.filter(({ atMs }) => atMs > (MINUTES * 60_000) / 3);
  const xs = late.map(({ atMs }) => atMs / 60_000);
  const ys = late.map(of);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, index) => sum + (x - meanX) * ((ys[index] ?? 0) - meanY), 0);
  return covariance / xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
}

console.log(`${MINUTES} minutes at ${PER_SECOND} requests a second, ${availableParallelism()} cores for all`);
console.log(row('s', 'RSS MB', 'heap MB after GC', 'open files', 'loop p99 ms'));
console.log(row('--:', '--:', '--:', '--:', '--:'));
const beganAtMs = performance.now();
const outcomes = { sent: 0, whole: 0, partial: 0, refused: 0, lost: 0 };
const took: number[] = [];
const lost = new Map<string, number>();
const count = ({ status, text, tookMs }: Sent): void => {
  outcomes.sent += 1;
  took.push(tookMs);
  const kind =
    status === null || status >= 500
      ? 'lost'
      : status >= 400 || text.includes('GRAPHQL_VALIDATION_FAILED')
        ? 'refused'
        : text.includes('"errors"')
          ? 'partial'
          : 'whole';
  outcomes[kind] += 1;
  if (kind === 'lost') {
    const what = `${String(status)} ${text.slice(0, 120)}`;
    lost.set(what, (lost.get(what) ?? 0) + 1);
  }
};
let number = 0;
while (performance.now() - beganAtMs < MINUTES * 60_000) {
  const from = number;
  const sent = await openLoop({
    url: gateway.url,
    perSecond: PER_SECOND,
    lastsMs: SAMPLE_MS,
    bodyOf: (index) => bodyOf(from + index),
  });
  number += sent.length;
  sent.forEach(count);
  await sample(beganAtMs);
}
console.log(
  JSON.stringify(outcomes),
  `p50 ${figure(median(took))} ms, p99 ${figure(percentile(took, 99))} ms`,
);
console.log(
  `memory grew by ${figure(
    slope(({ rssMb }) => rssMb),
    2,
  )} MB a minute (RSS), ${figure(
    slope(({ heapMb }) => heapMb),
    2,
  )} (heap after GC)`,
);
lost.forEach((times, what) => console.log(`${times} × ${what}`));
inspector.close();
const { code } = await gateway.end('SIGTERM');
console.log(`it ended with ${String(code)}`);
await sandbox.close();
