/**
 * What becomes of a replica that is asked for three times what it can do (reliability F16)? Finds the most that it answers a
 * second, sends three times that for a while, whatever becomes of the requests, and then a quarter of it. The replica's event
 * loop has one core, the crowd and the upstreams the other, and one client more, in a process of its own, measures how long
 * an answer and a refusal take: in the crowd's process both would wait for the crowd. No answer is kept, so that each
 * request is work.
 *
 * node bench/overload.ts [seconds=15] (Linux, two cores)
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { openLoop, type Sent } from '../test/support/open-loop.ts';
import { figure, percentile, row } from './cache/figures.ts';
import { pin, pinMainThread } from './running/cores.ts';
import { startGateway } from './running/gateways.ts';

const LASTS_MS = Number(process.argv[2] ?? 15) * 1_000;
/** Dear enough for the replica, and cheap enough for the driver: much work over values that the cache has, and a short answer. */
const YAML = 'cache: { replayBytes: 0, runningJobMs: 600000, listingHeadMs: 600000, listingTailMs: 600000 }';
const BODY = JSON.stringify({ query: '{ jobs(first: 100) { nodes { isFinished } } }' });
const PROBER = fileURLToPath(new URL('running/prober.ts', import.meta.url));
const PROBE_EVERY_MS = 10;

/** What became of a request of the client that is alone. */
type Probe = readonly [status: number, tookMs: number];

interface Phase {
  readonly name: string;
  readonly perSecond: number;
  readonly sent: readonly Sent[];
  readonly probes: readonly Probe[];
  readonly lastsMs: number;
}

const sandbox = await startSandbox({ batchComputeRequestsPerSecond: null });
const gateway = await startGateway({ sandbox, yaml: YAML });
pin(process.pid, 1);
pinMainThread(gateway.child.pid ?? 0, 0);

async function phase(name: string, perSecond: number, lastsMs: number): Promise<Phase> {
  const probes = probe(lastsMs);
  const sent = await openLoop({ url: gateway.url, perSecond, lastsMs, bodyOf: () => BODY, connections: 900 });
  return { name, perSecond, sent, probes: await probes, lastsMs };
}

async function probe(lastsMs: number): Promise<Probe[]> {
  const args = [PROBER, gateway.url, BODY, String(lastsMs), String(PROBE_EVERY_MS)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const probes: Probe[] = [];
  for await (const line of createInterface(child.stdout)) {
    probes.push(JSON.parse(line) as Probe);
  }
  return probes;
}

function goodPerSecond({ sent, lastsMs }: Phase): number {
  const endsAtMs = Math.max(lastsMs, ...sent.map(({ atMs, tookMs }) => atMs + tookMs));
  return (sent.filter(isGood).length / endsAtMs) * 1_000;
}

function isGood({ status, text }: Sent): boolean {
  return status === 200 && !text.includes('"errors"');
}

function rowOf(it: Phase, peak: number): string {
  const refused = it.sent.filter(({ status }) => status === 503);
  const other = it.sent.length - refused.length - it.sent.filter(isGood).length;
  const took = (status: number): string => {
    const times = it.probes.filter(([got]) => got === status).map(([, tookMs]) => tookMs);
    return times.length === 0 ? '' : `${figure(percentile(times, 50))}, ${figure(percentile(times, 99))}`;
  };
  return row(
    it.name,
    figure(it.perSecond),
    figure(goodPerSecond(it)),
    figure((goodPerSecond(it) / peak) * 100),
    took(200),
    refused.length,
    took(503),
    refused.filter(({ headers }) => headers['retry-after'] === undefined).length,
    other,
  );
}

await phase('warm-up', 50, 3_000);
// The most that it answers: upwards until a third of what is sent is refused.
let peak = 0;
for (let perSecond = 100; perSecond < 20_000; perSecond *= 1.3) {
  const tried = await phase('search', perSecond, 3_000);
  peak = Math.max(peak, goodPerSecond(tried));
  if (goodPerSecond(tried) < perSecond * 0.67) {
    break;
  }
}
await sleep(3_000);
const phases = [
  await phase('half of it', peak / 2, 5_000),
  await phase('three times', peak * 3, LASTS_MS),
  await phase('the 5 s after', peak / 4, 5_000),
  await phase('then', peak / 4, 5_000),
];
console.log(`the most that was answered: ${figure(peak)} a second`);
console.log(
  row(
    'load',
    'sent/s',
    'good/s',
    '% of most',
    'p50, p99 ms',
    '503',
    'their p50, p99 ms',
    'without retry-after',
    'other',
  ),
);
console.log(row(...Array<string>(9).fill('--:')));
phases.forEach((it) => console.log(rowOf(it, peak)));
const others = phases.flatMap(({ sent }) => sent.filter((one) => one.status !== 503 && !isGood(one)));
const kinds = Map.groupBy(others, ({ status, text }) => `${String(status)} ${text.slice(0, 100)}`);
kinds.forEach((these, kind) => console.log(`${these.length} × ${kind}`));
await gateway.end('SIGKILL');
await sandbox.close();
