/**
 * What does the gateway cost on top of the work that any server would have to do? CPU per request of a query over three
 * sources without a cache, as a ratio, in one run, to a bare node:http handler that makes the same three signed calls,
 * decodes them with the same decoders and stringifies the same answer. Between the two stand servers with one more part
 * each, so that the table shows where the rest goes. Every server is a process of its own; so are the upstreams.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Pool } from 'undici';
import type { TimeByPart } from './overhead/profile.ts';
import { ROLES, type Role } from './overhead/roles.ts';

/** Many short rounds: what else the machine does changes within seconds, and a ratio is taken within a round. */
const ROUNDS = 40;
const REQUESTS = 50;
/** One after the other: the gateway would make one call of those that ask the same at the same time. */
const CONCURRENCY = 1;
const WARM_UP = 1_000;
const PROFILED = 1_000;
/** Parts of the profile that are shown. */
const PARTS = 16;

const QUERY = `{
  cosJobs(first: 10) { nodes { jobId status displayName createdAt } }
  batchComputeJobs(first: 10) { nodes { jobId status displayName createdAt } }
  ciJobs(first: 10) { nodes { jobId status displayName createdAt } }
}`;
const BODY = JSON.stringify({ query: QUERY });

interface Server {
  readonly role: Role;
  readonly child: ChildProcess;
  readonly pool: Pool;
  readonly cpuMicrosPerRequest: number[];
}

async function start(
  role: Role | 'upstreams',
  ...args: string[]
): Promise<{ child: ChildProcess; url: string }> {
  // As in the image: graphql-js checks more otherwise.
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = fork(new URL('./overhead/server.ts', import.meta.url), [role, ...args], { env });
  const [message] = (await once(child, 'message')) as [{ url: string }];
  return { child, url: message.url };
}

interface Told {
  readonly cpuMicros: number;
  readonly profile?: TimeByPart;
}

async function ask({ child }: Server, question: 'cpu' | 'start-profile' | 'stop-profile'): Promise<Told> {
  child.send(question);
  const [message] = (await once(child, 'message')) as [Told];
  return message;
}

async function load({ pool }: Server, requests: number): Promise<void> {
  let left = requests;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: '/graphql',
        headers: { 'content-type': 'application/json' },
        body: BODY,
      });
      const text = await body.text();
      if (statusCode !== 200 || text.includes('"errors"')) {
        throw new Error(`expected an answer without errors, got ${statusCode}: ${text.slice(0, 300)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

async function answerOf({ pool }: Server): Promise<string> {
  const { body } = await pool.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: BODY,
  });
  return body.text();
}

/** Profiles of servers under load in turns, so that noise falls on both. */
async function profilesOf(...roles: readonly Role[]): Promise<TimeByPart[]> {
  const profiled = roles.flatMap((role) => servers.filter((server) => server.role === role));
  await Promise.all(profiled.map((server) => ask(server, 'start-profile')));
  for (let done = 0; done < PROFILED; done += REQUESTS) {
    for (const server of profiled) {
      await load(server, REQUESTS);
    }
  }
  const told = await Promise.all(profiled.map((server) => ask(server, 'stop-profile')));
  return told.map(({ profile = {} }) => profile);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const upstreams = await start('upstreams');
const servers: Server[] = [];
for (const role of Object.keys(ROLES) as Role[]) {
  const { child, url } = await start(role, upstreams.url);
  servers.push({ role, child, pool: new Pool(url, { connections: CONCURRENCY }), cpuMicrosPerRequest: [] });
}

const answers = await Promise.all(servers.map(answerOf));
if (new Set(answers).size !== 1) {
  throw new Error(`expected every server to give the same answer, got ${answers.join('\n')}`);
}
for (const server of servers) {
  await load(server, WARM_UP);
}
// Rounds go through all servers in turn, each time from another one on, so that noise falls on all of them.
for (let round = 0; round < ROUNDS; round += 1) {
  const first = round % servers.length;
  for (const server of [...servers.slice(first), ...servers.slice(0, first)]) {
    const before = await ask(server, 'cpu');
    await load(server, REQUESTS);
    const after = await ask(server, 'cpu');
    server.cpuMicrosPerRequest.push((after.cpuMicros - before.cpuMicros) / REQUESTS);
  }
}

const bare = servers.find(({ role }) => role === 'bare');
const rows = servers.map(({ role, cpuMicrosPerRequest }) => {
  const ratios = cpuMicrosPerRequest.map(
    (micros, round) => micros / (bare?.cpuMicrosPerRequest[round] ?? Number.NaN),
  );
  return {
    server: ROLES[role],
    'CPU µs/request': Math.round(median(cpuMicrosPerRequest)),
    'ratio to bare': Number(median(ratios).toFixed(2)),
  };
});
console.log(
  `${ROUNDS} rounds of ${REQUESTS} requests, medians; answers of ${answers[0]?.length} bytes from three upstream bodies`,
);
console.table(rows);

// Sampling itself costs, so the profile comes after the measurement: it tells where to look, not how much there is.
const [profileOfBare = {}, profileOfGateway = {}] = await profilesOf('bare', 'gateway');
const parts = [...new Set([...Object.keys(profileOfBare), ...Object.keys(profileOfGateway)])]
  .map((part) => {
    const [inBare, inGateway] = [profileOfBare[part] ?? 0, profileOfGateway[part] ?? 0].map((micros) =>
      Math.round(micros / PROFILED),
    ) as [number, number];
    return { part, bare: inBare, gateway: inGateway, rest: inGateway - inBare };
  })
  .toSorted((a, b) => b.rest - a.rest);
console.log(`Where the rest goes: µs/request by sampling, of ${PROFILED} requests, by who spent it`);
console.table(parts.slice(0, PARTS));

for (const { child, pool } of servers) {
  await pool.destroy();
  child.kill();
}
upstreams.child.kill();
