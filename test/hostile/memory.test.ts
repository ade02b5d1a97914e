import { fork } from 'node:child_process';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import type { JobSource } from '../../src/model/origin.ts';
import { errorText, filled, jobText, listOf, listText } from './bodies.ts';
import type { MemoryOrder, MemoryReading } from './memory-reader.ts';
import { flood, http, type Play, startRawUpstream } from './raw-upstream.ts';
import { JOB_ID, SOURCES } from './sources.ts';

const KIB = 1_024;
const MIB = KIB * KIB;
const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

const FIRST = 200;
const LAST = 1_000;
const READS_PER_HOSTILE_ANSWER = 3;

function hostilePlays(source: JobSource): readonly Play[] {
  const long = (text: string): string =>
    source === 'BATCH_COMPUTE' ? `,"JobName":"${text}"` : `<Name>${text}</Name>`;
  return [
    (socket) => socket.resetAndDestroy(),
    (socket) => socket.end(`${OK}content-length: 900\r\n\r\n<`),
    `${CHUNKED}zz\r\n`,
    'SSH-2.0-OpenSSH_9.2\r\n',
    `${OK}content-length: 1\r\n\r\nxxxx${OK}content-length: 4\r\n\r\nxxxx`,
    flood(CHUNKED, `1000\r\n${'x'.repeat(0x1000)}\r\n`),
    flood(`${OK}content-length: 52428800\r\n\r\n`, 'x'.repeat(64 * KIB)),
    flood('', 'HTTP/1.1 103 X\r\nlink: x\r\n\r\n'.repeat(100)),
    http(
      listOf(source, [JOB_ID]),
      200,
      Array.from({ length: 300 }, (_, n) => `h${n}: v`),
    ),
    http(gzipSync(Buffer.alloc(MIB)), 200, ['content-encoding: gzip']),
    http('', 302, ['location: http://127.0.0.1:1/']),
    http(`<html>${filled('<p>x</p>', 64 * KIB)}</html>`),
    http(listText(source, [], filled(source === 'BATCH_COMPUTE' ? '[' : '<a/>', 200 * KIB))),
    http(listText(source, [jobText(source, JOB_ID, long(filled('x', 200 * KIB)))])),
    http(
      listOf(
        source,
        Array.from({ length: 500 }, (_, n) => `job-${n}`),
      ).slice(0, -5),
    ),
    http(listOf(source, ['..'])),
    http(errorText(source, 'NeverHeardOf', filled('x', 10 * KIB)), 500),
    http(Buffer.from([0x3c, 0xff])),
    http(''),
  ];
}

it('a thousand hostile answers leave nothing behind, in memory or of connections', async () => {
  const upstreams = await Promise.all(
    SOURCES.map(async (source) => {
      const plays = hostilePlays(source);
      const right = http(listOf(source, [JOB_ID]));
      return await startRawUpstream({
        each: (number) =>
          number % READS_PER_HOSTILE_ANSWER === 0
            ? plays[Math.floor(number / READS_PER_HOSTILE_ANSWER) % plays.length]!
            : right,
      });
    }),
  );
  onTestFinished(async () => {
    await Promise.all(upstreams.map((upstream) => upstream.close()));
  });
  const [cos, batchCompute, ci] = upstreams.map(({ endpoint }) => endpoint);
  const order: MemoryOrder = {
    endpoints: { COS: cos!, BATCH_COMPUTE: batchCompute!, CI: ci! },
    measureAfter: [FIRST, LAST],
    readsPerHostileAnswer: READS_PER_HOSTILE_ANSWER,
  };
  const child = fork(new URL('./memory-reader.ts', import.meta.url), { execArgv: ['--expose-gc'] });
  onTestFinished(() => {
    child.kill();
  });
  child.send(order);
  const [reading] = (await once(child, 'message')) as [MemoryReading];

  const { jobs = 0, ...others } = reading.outcomes;
  const hostile = Object.values(others).reduce((sum, count) => sum + count, 0);
  expect(hostile).toBeGreaterThanOrEqual(LAST * 0.9);
  expect(jobs).toBeGreaterThanOrEqual(2 * LAST);
  // They were really asked for: a breaker that had opened would have spared the upstreams most of them.
  for (const { requests } of upstreams) {
    expect(requests.length).toBeGreaterThan(0.95 * READS_PER_HOSTILE_ANSWER * (LAST / SOURCES.length));
  }
  const [first = 0, last = 0] = reading.usedBytes;
  expect(last - first).toBeLessThan(8 * MIB);
  // One for each source at most, for each is asked by one reader.
  expect(reading.openConnections).toBeLessThanOrEqual(SOURCES.length);
  await expect.poll(() => upstreams.map(({ sockets }) => sockets.size)).toEqual(SOURCES.map(() => 0));
});
