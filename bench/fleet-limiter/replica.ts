/**
 * One replica, a process of its own: callers that always want to call, and what lies between them and the wire in the
 * gateway: limit, pacer, slots, connections. Arguments: the upstream's URL, Redis', how many callers, which of how many
 * replicas (both empty: without a number).
 */
import { systemClock } from '../../src/lib/clock.ts';
import { connectRedis } from '../../src/lib/redis.ts';
import type { Origin } from '../../src/model/origin.ts';
import { createFleetSlots } from '../../src/upstream/slots/fleet-slots.ts';
import { createHttp } from '../../src/upstream/http.ts';
import { limit } from '../../src/upstream/turns/limiter.ts';
import { spacingOf } from '../../src/upstream/slots/local-slots.ts';
import { createPacer } from '../../src/upstream/turns/pacer.ts';
import { compose, type UpstreamRequest } from '../../src/upstream/send.ts';

const REQUESTS_PER_SECOND = 2;
const COMMAND_TIMEOUT_MS = 250;
/** Longer than a turn ever takes here: nobody leaves for want of time but while there is no telling when a turn comes. */
const PATIENCE_MS = 60_000;

const [endpoint = '', redisUrl = '', callers = '', index = '', count = ''] = process.argv.slice(2);
const origin: Origin = {
  source: 'BATCH_COMPUTE',
  account: 'bench',
  region: 'ap-guangzhou',
  bucket: null,
};
const request: UpstreamRequest<null> = {
  action: 'DescribeJobs',
  method: 'POST',
  path: '/',
  query: [],
  headers: { host: 'upstream.bench' },
  body: '{}',
  decode: () => null,
};

const slots = createFleetSlots({
  redis: connectRedis(redisUrl, COMMAND_TIMEOUT_MS),
  fleet: index === '' ? null : { replicaIndex: Number(index), replicaCount: Number(count) },
  budget: 'bench',
  spacingMs: spacingOf(REQUESTS_PER_SECOND),
  clock: systemClock,
});
const pacer = createPacer(slots, systemClock);
const http = createHttp({
  origin,
  endpoint,
  clock: systemClock,
  limits: { connectTimeoutMs: 1_000, maxBodyBytes: 65_536, connections: 16 },
  pacedHost: 'upstream.bench',
});
const send = compose(
  [
    limit({
      origin,
      limiterFor: () => pacer,
      readiness: http.readiness,
      clock: systemClock,
      onWaited: () => undefined,
    }),
  ],
  // When it leaves is told, to see how long the way takes on a machine that is busy.
  (call, scope) =>
    http.send({ ...call, headers: { ...call.headers, 'x-left-at': String(epochMs()) } }, scope),
);

/** As the wall clock, and finer. */
function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

async function callAgainAndAgain(): Promise<never> {
  const { signal } = new AbortController();
  for (;;) {
    try {
      await send(request, { signal, deadlineMs: systemClock.now() + PATIENCE_MS });
    } catch {
      await systemClock.sleep(100);
    }
  }
}

process.on('disconnect', () => {
  process.exit();
});
await Promise.all(Array.from({ length: Number(callers) }, callAgainAndAgain));
