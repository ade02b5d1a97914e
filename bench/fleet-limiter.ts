/**
 * Do replicas that share a budget of two calls a second ever exceed it? Four of them with eight callers each, who always
 * want more, a real Redis, and an upstream that notes when calls arrive (reliability F11, F14).
 *
 * `node bench/fleet-limiter.ts [seconds per condition = 60] [part of a condition's name]`. Exits with 1 when more than two
 * calls arrived in any 1,000 ms.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect, type Socket } from 'node:net';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis, type TestRedis } from '../test/support/redis.ts';

const REPLICAS = 4;
const CALLERS = 8;
const BUDGET = 2;
/** Until the first call may leave, whose time a Redis that knows nothing has to wait for, and all is under way. */
const BEGIN_MS = 7_000;

const seconds = Number(process.argv[2] ?? 60);
const wanted = process.argv[3] ?? '';

/** What is going on while calls are counted. */
interface Stage {
  readonly redis: TestRedis;
  readonly replicas: readonly ChildProcess[];
  /** Cuts the way of the last replica to Redis for good. */
  readonly cutLast: () => void;
  /** True as long as the condition lasts. */
  readonly lasts: () => boolean;
}

interface Condition {
  readonly name: string;
  readonly isNumbered: boolean;
  readonly disturb: (stage: Stage) => Promise<void>;
}

const NOTHING = (): Promise<void> => Promise.resolve();

const CONDITIONS: readonly Condition[] = [
  { name: 'quiet', isNumbered: false, disturb: NOTHING },
  { name: 'two busy processes', isNumbered: false, disturb: keepCpuBusy },
  { name: 'Redis stopped for 4 s in 10', isNumbered: false, disturb: stopRedisAgainAndAgain },
  { name: 'Redis killed 7 times', isNumbered: false, disturb: killRedis },
  { name: 'replicas stopped at random', isNumbered: false, disturb: stopReplicas },
  { name: 'numbered: quiet', isNumbered: true, disturb: NOTHING },
  { name: 'numbered: Redis stopped for 4 s in 10', isNumbered: true, disturb: stopRedisAgainAndAgain },
  { name: 'numbered: Redis gone for good', isNumbered: true, disturb: ({ redis }) => redis.kill9() },
  { name: 'numbered: Redis away for half of the time', isNumbered: true, disturb: awayForHalf },
  { name: 'numbered: one replica without Redis', isNumbered: true, disturb: cutOne },
];

async function keepCpuBusy({ lasts }: Stage): Promise<void> {
  const busy = Array.from({ length: 2 }, () => keep(spawn(process.execPath, ['--eval', 'for (;;);'])));
  while (lasts()) {
    await sleep(100);
  }
  busy.forEach((child) => child.kill('SIGKILL'));
}

async function stopRedisAgainAndAgain({ redis, lasts }: Stage): Promise<void> {
  while (lasts()) {
    await sleep(6_000);
    redis.stop();
    await sleep(4_000);
    redis.cont();
  }
}

async function killRedis({ redis }: Stage): Promise<void> {
  for (let killed = 0; killed < 7; killed += 1) {
    await sleep((seconds * 1_000) / 8);
    await redis.kill9();
    await sleep(200);
    await redis.restart();
  }
}

/** Short stops and long ones: what a replica does next after one may be anything, also to send. */
async function stopReplicas({ replicas, lasts }: Stage): Promise<void> {
  while (lasts()) {
    const replica = replicas[Math.floor(Math.random() * replicas.length)];
    await sleep(Math.random() * 500);
    replica?.kill('SIGSTOP');
    await sleep(Math.random() < 0.5 ? Math.random() * 100 : Math.random() * 2_000);
    replica?.kill('SIGCONT');
  }
}

async function awayForHalf({ redis }: Stage): Promise<void> {
  await sleep((seconds * 1_000) / 4);
  await redis.kill9();
  await sleep((seconds * 1_000) / 2);
  await redis.restart();
}

function cutOne({ cutLast }: Stage): Promise<void> {
  cutLast();
  return Promise.resolve();
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  children.forEach((child) => child.kill('SIGKILL'));
});

/** Ends with this process, whatever ends it. */
function keep<T extends ChildProcess>(child: T): T {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function ask<Answer>(child: ChildProcess): Promise<Answer> {
  child.send('tell');
  const [answer] = (await once(child, 'message')) as [Answer];
  return answer;
}

/** A way to a server's socket that can be cut. */
async function relayTo(target: string): Promise<{ readonly url: string; readonly cut: () => void }> {
  const sockets = new Set<Socket>();
  const relay = createServer((socket) => {
    const onward = connect(target);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one
        .on('error', () => undefined)
        .once('close', () => {
          other.destroy();
          sockets.delete(one);
        });
    }
  });
  const url = `${target}-relay`;
  await once(relay.listen(url), 'listening');
  return {
    url,
    cut: () => {
      relay.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

interface Call {
  readonly leftAtMs: number;
  readonly arrivedAtMs: number;
}

interface Result {
  readonly arrivals: number;
  readonly most: number;
  readonly closestMs: number;
  readonly longestWayMs: number;
  readonly perSecond: number;
}

async function measure({ isNumbered, disturb }: Condition): Promise<Result> {
  const redis = await startRedis();
  const relay = await relayTo(redis.url);
  const upstream = keep(fork(new URL('./fleet-limiter/upstream.ts', import.meta.url)));
  preferred(upstream);
  const [{ url }] = (await once(upstream, 'message')) as [{ url: string }];
  const replicas = Array.from({ length: REPLICAS }, (_, index) => {
    const number = isNumbered ? [String(index), String(REPLICAS)] : [];
    const way = index === REPLICAS - 1 ? relay.url : redis.url;
    return keep(
      fork(new URL('./fleet-limiter/replica.ts', import.meta.url), [url, way, String(CALLERS), ...number]),
    );
  });
  try {
    await sleep(BEGIN_MS);
    await ask(upstream);
    const endsAtMs = performance.now() + seconds * 1_000;
    const stage = { redis, replicas, cutLast: relay.cut, lasts: () => performance.now() < endsAtMs };
    const disturbed = disturb(stage);
    await sleep(seconds * 1_000);
    const { calls } = await ask<{ calls: Call[] }>(upstream);
    await disturbed;
    return resultOf(calls);
  } finally {
    replicas.forEach((replica) => replica.kill('SIGKILL'));
    upstream.kill('SIGKILL');
    relay.cut();
    await redis.close();
  }
}

/** The upstream is another machine: what keeps this one busy must not make it late. */
function preferred({ pid }: ChildProcess): void {
  try {
    setPriority(pid ?? 0, -10);
  } catch {
    // Only root may.
  }
}

function resultOf(calls: readonly Call[]): Result {
  const arrivalsMs = calls.map(({ arrivedAtMs }) => arrivedAtMs);
  const inOneSecond = arrivalsMs.map(
    (atMs, index) => arrivalsMs.slice(index).filter((other) => other < atMs + 1_000).length,
  );
  const distances = arrivalsMs.slice(1).map((atMs, index) => atMs - (arrivalsMs[index] ?? atMs));
  return {
    arrivals: arrivalsMs.length,
    most: Math.max(0, ...inOneSecond),
    closestMs: Math.min(...distances),
    longestWayMs: Math.max(...calls.map(({ leftAtMs, arrivedAtMs }) => arrivedAtMs - leftAtMs)),
    perSecond: arrivalsMs.length / seconds,
  };
}

console.log(`| ${seconds} s each | calls | a second | most in 1,000 ms | closest, ms | longest way, ms |`);
console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
for (const condition of CONDITIONS.filter(({ name }) => name.includes(wanted))) {
  const { arrivals, most, closestMs, longestWayMs, perSecond } = await measure(condition);
  const figures = [arrivals, perSecond.toFixed(2), most, closestMs.toFixed(0), longestWayMs.toFixed(0)];
  console.log(`| ${condition.name} | ${figures.join(' | ')} |`);
  if (most > BUDGET) {
    process.exitCode = 1;
  }
}
