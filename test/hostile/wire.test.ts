/** Rows U1 to U13 of `reliability.md` section 3.4: what an upstream can do to a connection and to HTTP itself. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JobSource } from '../../src/model/origin.ts';
import { CANARY, listOf } from './bodies.ts';
import { forEachSource, jobIds, type Outcome, outcomesOf, SHORT_ATTEMPT_MS } from './outcome.ts';
import { drip, flood, http, type Play, startRawUpstream } from './raw-upstream.ts';
import { CREDENTIAL, hostileClient, JOB_ID, SOURCES } from './sources.ts';

const KIB = 1_024;
const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

/** 64 MiB in 64 KiB. */
const GZIP_BOMB = http(gzipSync(Buffer.alloc(64 * KIB * KIB)), 200, ['content-encoding: gzip']);

type Expected = (source: JobSource) => Outcome;

/** For faults that may pass: a call of BatchCompute costs half a second of its budget, so it gets one attempt less. */
const MAX_ATTEMPTS = { COS: 3, CI: 3, BATCH_COMPUTE: 2 } as const;
const ERROR = { retryable: true, upstreamCode: null, requestId: null };

const unavailable: Expected = (source) => ({
  ...ERROR,
  code: 'UPSTREAM_UNAVAILABLE',
  attempts: MAX_ATTEMPTS[source],
});
const badResponse: Expected = () => ({ ...ERROR, code: 'UPSTREAM_BAD_RESPONSE', attempts: 2 });
const theJob: Expected = () => ({ result: [JOB_ID], attempts: 1 });

const right = (source: JobSource): string => listOf(source, [JOB_ID]);
const rightWith =
  (...headers: readonly string[]) =>
  (source: JobSource): Play =>
    http(right(source), 200, headers);
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

type Case = readonly [row: string, what: string, play: (source: JobSource) => Play, expected: Expected];

const ENDLESS: readonly (readonly [row: string, what: string, play: (source: JobSource) => Play])[] = [
  ['U3', 'nothing at all', () => () => undefined],
  ['U4', 'headers, byte by byte', (source) => drip(http(right(source)), 50)],
  [
    'U5',
    'a body, byte by byte',
    () => (socket) => {
      socket.write(`${OK}content-length: 1000\r\n\r\n`);
      (drip('<'.repeat(1_000), 50) as (connection: typeof socket) => void)(socket);
    },
  ],
  [
    'U5',
    'a body of chunks that never ends',
    (source) => (socket) => {
      socket.write(CHUNKED + chunk(right(source)));
    },
  ],
  ['U5', 'a body without length on a connection that stays open', (source) => `${OK}\r\n${right(source)}`],
];

const CASES: readonly Case[] = [
  ['U6', 'a close instead of an answer', () => (socket) => socket.end(), unavailable],
  ['U6', 'a reset instead of an answer', () => (socket) => socket.resetAndDestroy(), unavailable],
  ['U6', 'a close within the headers', () => (socket) => socket.end(`${OK}content-le`), unavailable],
  [
    'U6',
    'a reset within the body',
    () => (socket) => {
      socket.write(`${OK}content-length: 500\r\n\r\n<ListJobs`, () => {
        setTimeout(() => socket.resetAndDestroy(), 20);
      });
    },
    unavailable,
  ],
  [
    'U6',
    'a content-length that is too long',
    (source) => (socket) => socket.end(`${OK}content-length: 5000\r\n\r\n${right(source)}`),
    unavailable,
  ],
  [
    'U6',
    'a close between two chunks',
    (source) => (socket) => socket.end(CHUNKED + chunk(right(source))),
    unavailable,
  ],
  [
    'U7',
    'a content-length that is too short',
    (source) => `${OK}content-length: 40\r\n\r\n${right(source)}`,
    badResponse,
  ],
  [
    'U7',
    'a body without length that is cut',
    (source) => (socket) => socket.end(`${OK}\r\n${right(source).slice(0, -9)}`),
    badResponse,
  ],
  [
    'U7',
    'a body without length that is whole',
    (source) => (socket) => socket.end(`${OK}\r\n${right(source)}`),
    theJob,
  ],
  [
    'U7',
    'a body in chunks of one byte',
    (source) => `${CHUNKED}${Array.from(right(source), chunk).join('')}0\r\n\r\n`,
    theJob,
  ],
  ['U8', 'another protocol', () => 'SSH-2.0-OpenSSH_9.2\r\n', badResponse],
  ['U8', 'an alert of TLS', () => Buffer.from('15030300020228', 'hex'), badResponse],
  ['U8', 'HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', badResponse],
  ['U8', 'a version of HTTP that does not exist', () => 'HTTP/9.9 200 OK\r\n\r\n', badResponse],
  ['U8', 'a chunk size that is none', () => `${CHUNKED}zz\r\n<a/>\r\n0\r\n\r\n`, badResponse],
  ['U8', 'a chunk size below zero', () => `${CHUNKED}-4\r\n<a/>\r\n0\r\n\r\n`, badResponse],
  ['U8', 'a chunk size beyond all numbers', () => `${CHUNKED}${'F'.repeat(40)}\r\n<a/>`, badResponse],
  ['U8', 'a chunk longer than its size', () => `${CHUNKED}2\r\n<a/>\r\n0\r\n\r\n`, badResponse],
  [
    'U8',
    'a length and chunks',
    () => `${OK}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n4\r\n<a/>\r\n0\r\n\r\n`,
    badResponse,
  ],
  ['U8', 'two lengths', () => `${OK}content-length: 4\r\ncontent-length: 5\r\n\r\n<a/>`, badResponse],
  ['U8', 'a length below zero', () => `${OK}content-length: -1\r\n\r\n<a/>`, badResponse],
  ['U8', 'a header line that goes on in the next', () => `${OK}x: a\r\n b\r\n\r\n`, badResponse],
  ['U8', 'a NUL in a header', () => `${OK}x: a\0b\r\n\r\n`, badResponse],
  ['U8', 'the status 000', () => 'HTTP/1.1 000 X\r\ncontent-length: 0\r\n\r\n', badResponse],
  ['U8', 'the status 2000', () => 'HTTP/1.1 2000 X\r\ncontent-length: 0\r\n\r\n', badResponse],
  [
    'U8',
    'an upgrade that nobody asked for',
    () => 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    badResponse,
  ],
  ['U8', 'a continue that nobody asked for', () => 'HTTP/1.1 100 Continue\r\n\r\n', badResponse],
  [
    'U8',
    'a hint before the answer, which is lawful',
    (source) => Buffer.concat([Buffer.from('HTTP/1.1 103 X\r\nlink: x\r\n\r\n'), http(right(source))]),
    theJob,
  ],
  [
    'U8',
    'hints without end',
    () => flood('', 'HTTP/1.1 103 X\r\nlink: x\r\n\r\n'.repeat(1_000)),
    badResponse,
  ],
  [
    'U10',
    'a header of 17 KiB',
    (source) => http(right(source), 200, [`x: ${'x'.repeat(17 * KIB)}`]),
    badResponse,
  ],
  [
    'U10',
    '3,000 headers',
    (source) =>
      http(
        right(source),
        200,
        Array.from({ length: 3_000 }, (_, n) => `h${n}: v`),
      ),
    badResponse,
  ],
  [
    'U10',
    '300 headers of a few bytes',
    (source) =>
      http(
        right(source),
        200,
        Array.from({ length: 300 }, () => 'h: v'),
      ),
    badResponse,
  ],
  [
    'U10',
    '17 KiB of trailers',
    (source) => `${CHUNKED}${chunk(right(source))}0\r\nx: ${'x'.repeat(17 * KIB)}\r\n\r\n`,
    badResponse,
  ],
  ['U10', 'some twenty headers', rightWith(...Array.from({ length: 20 }, (_, n) => `h${n}: v`)), theJob],
  [
    'U11',
    '50 MB of body',
    () => flood(`${OK}content-length: 52428800\r\n\r\n`, 'x'.repeat(64 * KIB), 52_428_800),
    badResponse,
  ],
  ['U11', 'a body of chunks without end', () => flood(CHUNKED, chunk('x'.repeat(64 * KIB))), badResponse],
  ['U12', 'gzip', (source) => http(gzipSync(right(source)), 200, ['content-encoding: gzip']), badResponse],
  ['U12', 'a gzip bomb', () => GZIP_BOMB, badResponse],
  ['U12', 'six encodings', rightWith(`content-encoding: ${Array(6).fill('gzip').join(', ')}`), badResponse],
  ['U12', 'an encoding twice', rightWith('content-encoding: identity', 'content-encoding: br'), badResponse],
  [
    'U12',
    'gzip below chunks',
    (source) => `${OK}transfer-encoding: gzip, chunked\r\n\r\n${chunk(right(source))}0\r\n\r\n`,
    badResponse,
  ],
  ['U12', 'no encoding, in words', rightWith('content-encoding: identity'), theJob],
  [
    'U14',
    'text that is not UTF-8',
    (source) => http(Buffer.from(right(source).replace('R', 'R\xff'), 'latin1')),
    badResponse,
  ],
  [
    'U14',
    'text of two bytes a character',
    (source) => http(Buffer.from(right(source), 'utf16le')),
    badResponse,
  ],
];

describe('an upstream that answers with', () => {
  it.each(ENDLESS)('%s: %s, is waited for no longer than an attempt may take', async (_, _what, play) => {
    const limits = { attemptTimeoutMs: SHORT_ATTEMPT_MS };
    const startedMs = performance.now();
    expect(await outcomesOf(play, jobIds, { limits })).toEqual(
      forEachSource((source) => ({
        ...ERROR,
        code: 'UPSTREAM_TIMEOUT',
        attempts: MAX_ATTEMPTS[source],
      })),
    );
    // Far less than any of them would last.
    expect(performance.now() - startedMs).toBeLessThan(3 * SHORT_ATTEMPT_MS + 3_000);
  });

  it.each(CASES)('%s: %s', async (_, _what, play, expected) => {
    expect(await outcomesOf(play, jobIds)).toEqual(forEachSource(expected));
  });
});

describe('an upstream that is not there', () => {
  it.each([
    ['refuses connections', 'http://127.0.0.1:1'],
    ['has no address', 'http://no-such-host.invalid'],
  ])('U1: %s', async (_, endpoint) => {
    for (const source of SOURCES) {
      const client = hostileClient(source, endpoint);
      onTestFinished(() => client.close());
      await expect(client.list()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    }
  });
});

describe('an answer that nobody asked for', () => {
  const other = (source: JobSource): Uint8Array => http(listOf(source, ['job-surplus1']));

  it.each([
    ['right behind the first', 0],
    ['while the connection is idle', 30],
  ])('U9: %s, reaches no call, and the connection is not used again', async (_, afterMs) => {
    for (const source of SOURCES) {
      const upstream = await startRawUpstream({
        each: (number) => (socket) => {
          const own = http(listOf(source, [`job-own${String(number)}`]));
          if (afterMs === 0) {
            socket.write(Buffer.concat([own, other(source)]));
          } else {
            socket.write(own);
            setTimeout(() => socket.write(other(source)), afterMs);
          }
        },
      });
      const client = hostileClient(source, upstream.endpoint, { connections: 1 });
      onTestFinished(async () => {
        await client.close();
        await upstream.close();
      });
      const seen: string[] = [];
      for (let call = 0; call < 3; call += 1) {
        seen.push(...(await jobIds(client)));
        await expect.poll(() => upstream.sockets.size, { interval: 5 }).toBe(0);
      }
      expect(seen).toEqual(['job-own0', 'job-own1', 'job-own2']);
      expect(upstream.requests).toHaveLength(3);
    }
  });
});

describe('a redirect', () => {
  it.each([300, 301, 302, 303, 304, 307, 308])(
    'U13: of status %i is followed nowhere, and the session token goes nowhere',
    async (status) => {
      for (const source of SOURCES) {
        const target = await startRawUpstream(http(listOf(source, ['job-stolen00'])));
        const headers = [`location: ${target.endpoint}/jobs?${CANARY.replaceAll(' ', '-')}`];
        const upstream = await startRawUpstream(
          http('<Error><Code>PermanentRedirect</Code></Error>', status, headers),
        );
        const client = hostileClient(source, upstream.endpoint);
        onTestFinished(async () => {
          await client.close();
          await upstream.close();
          await target.close();
        });
        const refused = { code: 'UPSTREAM_BAD_RESPONSE', retryable: true, httpStatus: status };
        await expect(client.list()).rejects.toMatchObject(refused);
        await expect(client.describe()).rejects.toMatchObject(refused);
        expect(target.requests).toEqual([]);
        // It was sent where it belongs, so that its absence elsewhere means something.
        expect(upstream.requests[0]).toContain(CREDENTIAL.sessionToken?.reveal());
      }
    },
  );
});
