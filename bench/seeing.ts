/**
 * What does it cost to see what the gateway does? CPU per request, as a ratio, within one run, to the same gateway of which
 * nothing is seen: with metrics, with the log written in three ways, and with traces. A question whose whole answer is given
 * again, the same read from kept values, and one that calls three upstreams; named as arguments, only those. Every server is a
 * process of its own.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { type Child, startChild } from './cache/children.ts';
import { LASTING, NO_CACHE } from './cache/config.ts';
import { figure, median, row } from './cache/figures.ts';
import type { UpstreamSettings, UpstreamsReady } from './cache/upstreams.ts';
import type { SeeingSettings } from './seeing/gateway.ts';

/** Many short rounds: what else the machine does changes within seconds, and a ratio is taken within a round. */
const ROUNDS = 30;
const WARM_UP = 1_500;

const QUERY = `query Newest {
  cosJobs(first: 10) { nodes { jobId status displayName createdAt } }
  batchComputeJobs(first: 10) { nodes { jobId status displayName createdAt } }
  ciJobs(first: 10) { nodes { jobId status displayName createdAt } }
}`;

type Seen = Pick<SeeingSettings, 'metrics' | 'log'> & { readonly isTraced: boolean };

const SEEN: Readonly<Record<string, Seen>> = {
  nothing: { metrics: false, log: 'none', isTraced: false },
  metrics: { metrics: true, log: 'none', isTraced: false },
  'log, written behind': { metrics: false, log: 'behind', isTraced: false },
  'log, each line at once': { metrics: false, log: 'sync', isTraced: false },
  'log, by a stream of Node': { metrics: false, log: 'stream', isTraced: false },
  'metrics and log, as by default': { metrics: true, log: 'behind', isTraced: false },
  'metrics, log and traces': { metrics: true, log: 'behind', isTraced: true },
};

const QUESTIONS = {
  'given again': { cache: LASTING, requests: 200 },
  'of kept values': { cache: { ...LASTING, replayBytes: 0 }, requests: 50 },
  'of three calls': { cache: NO_CACHE, requests: 10 },
} as const;

interface Server {
  readonly name: string;
  readonly child: Child<{ readonly url: string }>;
  readonly pool: Pool;
  readonly micros: number[];
}

async function load({ pool }: Server, requests: number): Promise<void> {
  for (let done = 0; done < requests; done += 1) {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY }),
    });
    const text = await body.text();
    if (statusCode !== 200 || text.includes('"errors"')) {
      throw new Error(`expected an answer without errors, got ${statusCode}: ${text.slice(0, 300)}`);
    }
  }
}

async function cpuOf({ child }: Server): Promise<number> {
  return (await child.ask<{ readonly cpuMicros: number }>('cpu')).cpuMicros;
}

async function measure(
  upstreams: UpstreamsReady,
  collector: string,
  name: keyof typeof QUESTIONS,
): Promise<Server[]> {
  const { cache, requests } = QUESTIONS[name];
  const servers: Server[] = [];
  for (const [seen, { isTraced, ...settings }] of Object.entries(SEEN)) {
    const child = await startChild<{ readonly url: string }>(new URL('seeing/gateway.ts', import.meta.url), {
      settings: {
        sandbox: upstreams.facts,
        requestsPerSecond: null,
        redis: null,
        fleet: null,
        cache,
        ...settings,
        collector: isTraced ? collector : null,
      } satisfies SeeingSettings,
    });
    servers.push({ name: seen, child, pool: new Pool(child.ready.url, { connections: 1 }), micros: [] });
  }
  for (const server of servers) {
    await load(server, Math.min(WARM_UP, requests * 15));
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = round % servers.length;
    for (const server of [...servers.slice(first), ...servers.slice(0, first)]) {
      const before = await cpuOf(server);
      await load(server, requests);
      server.micros.push(((await cpuOf(server)) - before) / requests);
    }
  }
  for (const { child, pool } of servers) {
    await pool.destroy();
    await child.end();
  }
  return servers;
}

const collector = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(200).end('{}'));
});
await new Promise<void>((resolve) => {
  collector.listen(0, '127.0.0.1', resolve);
});
const upstreams = await startChild<UpstreamsReady>(new URL('cache/upstreams.ts', import.meta.url), {
  settings: {
    jobs: { cos: 100, batchCompute: 100, ci: 100 },
    runningShare: 0,
    delayMs: 0,
    requestsPerSecond: null,
  } satisfies UpstreamSettings,
});
const collectorUrl = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
const wanted = process.argv.slice(2);
const names = Object.keys(QUESTIONS) as (keyof typeof QUESTIONS)[];
for (const name of names.filter((each) => wanted.length === 0 || wanted.includes(each))) {
  const servers = await measure(upstreams.ready, collectorUrl, name);
  const unseen = servers.find((server) => server.name === 'nothing')?.micros ?? [];
  console.log(`\nAn answer ${name}\n`);
  console.log(row('seen', 'CPU µs/request', 'ratio'));
  console.log(row('---', '---:', '---:'));
  for (const { name: seen, micros } of servers) {
    const ratios = micros.map((each, round) => each / (unseen[round] ?? Number.NaN));
    console.log(row(seen, figure(median(micros)), figure(median(ratios), 2)));
  }
}
await upstreams.end();
collector.close();
collector.closeAllConnections();
