/**
 * How many requests are lost when replicas are replaced under load (reliability F15)? Two replicas as real processes stand
 * behind a balancer that asks `/ready` every 200 ms and never tries again; clients send 400 requests a second, whatever
 * becomes of them. In each run one replica gets SIGTERM, and a new one takes its place.
 *
 * node bench/drain.ts [runs=20] [deadlines.drainDelayMs=1500]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { Balancer } from '../test/support/balancer.ts';
import { openLoop } from '../test/support/open-loop.ts';
import { figure, row } from './cache/figures.ts';
import { type GatewayProcess, startGateway } from './running/gateways.ts';

const RUNS = Number(process.argv[2] ?? 20);
const DRAIN_DELAY_MS = Number(process.argv[3] ?? 1_500);
const PER_SECOND = 400;
const LASTS_MS = 4_600;
const TOLD_AFTER_MS = 1_000;

/** Two in three questions have been asked before, word for word: their answers are given again, the others are made anew. */
function bodyOf(number: number): string {
  const name = number % 3 === 0 ? `Question${number}` : 'Again';
  return JSON.stringify({
    query: `query ${name} { cosJobs(first: 10) { nodes { jobId status createdAt } } }`,
  });
}

/** Upstreams are no part of the question. */
const KEEP = 'cache: { runningJobMs: 600000, listingHeadMs: 600000, listingTailMs: 600000 }';

const sandbox = await startSandbox({ batchComputeRequestsPerSecond: null });
const balancer = await Balancer.start();
const start = async (): Promise<GatewayProcess> => {
  const gateway = await startGateway({
    sandbox,
    yaml: `${KEEP}\ndeadlines: { drainDelayMs: ${DRAIN_DELAY_MS} }`,
  });
  // As a cluster does: a replica gets traffic when it is warm.
  await openLoop({ url: gateway.url, perSecond: 100, lastsMs: 1_000, bodyOf });
  await balancer.add(gateway.url);
  return gateway;
};

const replicas = [await start()];
let lost = 0;
console.log(row('run', 'sent', 'lost', 'exit code', 'ms from SIGTERM to exit'));
console.log(row('--:', '--:', '--:', '--:', '--:'));
for (let run = 1; run <= RUNS; run += 1) {
  replicas.push(await start());
  const load = openLoop({ url: balancer.url, perSecond: PER_SECOND, lastsMs: LASTS_MS, bodyOf });
  await sleep(TOLD_AFTER_MS);
  const old = replicas.shift();
  const { code, tookMs } = (await old?.end('SIGTERM')) ?? { code: null, tookMs: Number.NaN };
  const sent = await load;
  const failed = sent.filter(({ status, text }) => status !== 200 || text.includes('"errors"'));
  lost += failed.length;
  console.log(row(run, sent.length, failed.length, String(code), figure(tookMs)));
  const kinds = new Set(failed.map(({ status, text }) => `${status} ${text.slice(0, 100)}`));
  kinds.forEach((kind) => console.log(`  ${kind}`));
  await balancer.remove(old?.url ?? '');
}
console.log(`${lost} lost in ${RUNS} runs with deadlines.drainDelayMs: ${DRAIN_DELAY_MS}`);
await balancer.close();
await replicas[0]?.end('SIGKILL');
await sandbox.close();
