/**
 * What does an answer cost of which everything is known? CPU per request of the first page of all jobs, as a ratio, within one
 * run, to a node:http server that reads the question and sends the same bytes, and to the same question without a cache. The
 * cache of values alone, and with whole answers given again on top; and, to see where the rest goes, one source's page and a
 * question that reads nothing. Every server is a process of its own; so are the upstreams.
 */
import { Pool } from 'undici';
import { startRedis } from '../test/support/redis.ts';
import { type Child, startChild } from './cache/children.ts';
import { type GatewaySettings, LASTING, NO_CACHE } from './cache/config.ts';
import { figure, median, row } from './cache/figures.ts';
import type { GatewayQuestion, GatewayReady, GatewayTold } from './cache/gateway.ts';
import type { UpstreamSettings, UpstreamsReady } from './cache/upstreams.ts';

/** Many short rounds: what else the machine does changes within seconds, and a ratio is taken within a round. */
const ROUNDS = 40;
const REQUESTS = 50;
/** Without a cache one request costs as much as hundreds of the others. */
const REQUESTS_UNCACHED = 2;
const WARM_UP = 1_000;
const WARM_UP_UNCACHED = 40;
const PROFILED = 4_000;
const PARTS = 30;

const PAGE = `
  nodes { id jobId source status displayName createdAt }
  pageInfo { hasNextPage endCursor }
  origins { source region bucket outcome }
`;
const ALL = `{ jobs(first: 20) { ${PAGE} } }`;
const ONE_SOURCE = `{ ciJobs(first: 20) { ${PAGE} } }`;
const NOTHING = '{ __typename }';

interface Server {
  readonly name: string;
  readonly child: Child<GatewayReady>;
  readonly pool: Pool;
  readonly query: string;
  readonly requests: number;
  readonly warmUp: number;
  readonly microsPerRequest: number[];
}

interface Answer {
  readonly text: string;
  readonly type: string;
}

async function ask({ pool, query }: Server): Promise<Answer> {
  const { statusCode, headers, body } = await pool.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const text = await body.text();
  if (statusCode !== 200 || text.includes('"errors"') || text.includes('"outcome":"FAILED"')) {
    throw new Error(`expected an answer without errors, got ${statusCode}: ${text.slice(0, 300)}`);
  }
  return { text, type: String(headers['content-type']) };
}

/** One after the other: the gateway would make one of those that ask the same at the same time. */
async function load(server: Server, requests: number): Promise<void> {
  for (let sent = 0; sent < requests; sent += 1) {
    await ask(server);
  }
}

async function told({ child }: Server, question: GatewayQuestion): Promise<GatewayTold> {
  return await child.ask<GatewayTold>(question);
}

function serverOf(name: string, child: Child<GatewayReady>, query = ALL, isCached = true): Server {
  return {
    name,
    child,
    pool: new Pool(child.ready.url, { connections: 1 }),
    query,
    requests: isCached ? REQUESTS : REQUESTS_UNCACHED,
    warmUp: isCached ? WARM_UP : WARM_UP_UNCACHED,
    microsPerRequest: [],
  };
}

const redis = await startRedis();
const upstreamSettings: UpstreamSettings = {
  jobs: null,
  runningShare: 0,
  delayMs: 0,
  requestsPerSecond: null,
};
const upstreams = await startChild<UpstreamsReady>(new URL('./cache/upstreams.ts', import.meta.url), {
  settings: upstreamSettings,
});

async function startGateway(
  settings: Partial<GatewaySettings>,
  cache: GatewaySettings['cache'],
): Promise<Child<GatewayReady>> {
  const all: GatewaySettings = {
    sandbox: upstreams.ready.facts,
    requestsPerSecond: null,
    redis: null,
    fleet: null,
    ...settings,
    cache,
  };
  return await startChild(new URL('./cache/gateway.ts', import.meta.url), { settings: all });
}

const values = serverOf('values known', await startGateway({}, { ...LASTING, replayBytes: 0 }));
await ask(values);
const { text: answer, type } = await ask(values);
const bare = serverOf(
  'node:http with the same bytes',
  await startChild(new URL('./cache-cpu/static.ts', import.meta.url), { settings: { answer, type } }),
);
const servers: readonly Server[] = [
  bare,
  serverOf('values known, whole answers given again', await startGateway({}, LASTING)),
  values,
  serverOf(
    'values known, beside a Redis',
    await startGateway({ redis: redis.url }, { ...LASTING, replayBytes: 0 }),
  ),
  serverOf('values known, one source', values.child, ONE_SOURCE),
  serverOf('a question that reads nothing', values.child, NOTHING),
  serverOf('no cache', await startGateway({}, NO_CACHE), ALL, false),
];

for (const server of servers) {
  await load(server, server.warmUp);
}
// Rounds go through all servers in turn, each time from another one on, so that noise falls on all of them.
for (let round = 0; round < ROUNDS; round += 1) {
  const first = round % servers.length;
  for (const server of [...servers.slice(first), ...servers.slice(0, first)]) {
    const before = await told(server, 'cpu');
    await load(server, server.requests);
    const after = await told(server, 'cpu');
    server.microsPerRequest.push((after.cpuMicros - before.cpuMicros) / server.requests);
  }
}

const { length: bytes } = Buffer.from(answer);
console.log(
  `${ROUNDS} rounds, medians; ${upstreams.ready.jobIds.length} jobs, an answer of ${bytes} bytes\n`,
);
console.log(row('server', 'CPU µs/request', 'ratio to node:http', 'ratio to no cache'));
console.log(row('---', '---:', '---:', '---:'));
const uncached = servers.at(-1);
for (const { name, microsPerRequest } of servers) {
  const to = (other: Server | undefined): number =>
    median(microsPerRequest.map((micros, round) => micros / (other?.microsPerRequest[round] ?? Number.NaN)));
  console.log(row(name, figure(median(microsPerRequest)), figure(to(bare), 2), to(uncached).toPrecision(2)));
}

// Sampling itself costs, so the profile comes after the measurement: it tells where to look, not how much there is.
await told(values, 'start-profile');
await load(values, PROFILED);
const { profile } = await told(values, 'stop-profile');
const times = Object.entries(profile ?? {}).toSorted(([, a], [, b]) => b - a);
const all = times.reduce((sum, [, micros]) => sum + micros, 0);
console.log(
  `\nWhere the time of "${values.name}" goes, by sampling ${PROFILED} requests: ${figure(all / PROFILED)} µs each\n`,
);
console.log(row('part', 'µs/request', '% of all'));
console.log(row('---', '---:', '---:'));
for (const [part, micros] of times.slice(0, PARTS)) {
  console.log(row(part, figure(micros / PROFILED), figure((100 * micros) / all, 1)));
}

for (const { child, pool } of servers) {
  await pool.destroy();
  await child.end();
}
await upstreams.end();
await redis.close();
