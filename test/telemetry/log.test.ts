import type { Logger } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  breakerChanges,
  cacheFaults,
  lostSpans,
  unlistedDocuments,
  unmappedCodes,
} from '../../src/telemetry/channels.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import {
  logLostSpans,
  logCacheTrouble,
  logUnlistedDocuments,
  logUpstreamTrouble,
} from '../../src/telemetry/log.ts';
import { FakeClock } from '../support/fake-clock.ts';

const origin = { source: 'COS', account: 'media', region: 'ap-guangzhou', bucket: null };

/** Where an origin stands in a line. */
const { bucket: _bucket, ...place } = origin;

function listen(): { readonly lines: string[]; readonly stop: () => void } {
  const lines: string[] = [];
  const stop = logUpstreamTrouble(loggerTo(lines));
  onTestFinished(stop);
  return { lines, stop };
}

function loggerTo(lines: string[]): Logger {
  return createLogger('debug', { write: (line) => void lines.push(line) });
}

/** What lines say besides when and how loud. */
function told(lines: readonly string[]): unknown[] {
  return lines.map((line) => {
    const { level, time, ...rest } = JSON.parse(line) as { level: unknown; time: string };
    expect([level, Number.isNaN(Date.parse(time))]).toEqual(['warn', false]);
    return rest;
  });
}

describe('the log of upstream trouble', () => {
  it('tells when an origin is left alone and when it is back, and not of each try', () => {
    const { lines } = listen();
    (['open', 'half-open', 'open', 'half-open', 'closed'] as const).forEach((state) => {
      breakerChanges.publish({ origin, state });
    });
    expect(told(lines)).toEqual([
      { event: 'origin-left-alone', ...place },
      { event: 'origin-left-alone', ...place },
      { event: 'origin-back', ...place },
    ]);
  });

  it('tells of each unknown code once, and of a hundred at most', () => {
    const { lines } = listen();
    const publish = (upstreamCode: string): void => {
      unmappedCodes.publish({ origin, upstreamCode, httpStatus: 400 });
    };
    publish('SomethingNew');
    publish('SomethingNew');
    expect(told(lines)).toEqual([
      { event: 'unknown-error-code', ...place, upstreamCode: 'SomethingNew', httpStatus: 400 },
    ]);
    Array.from({ length: 500 }, (_, n) => `Code${String(n)}`).forEach(publish);
    expect(lines).toHaveLength(100);
  });

  it('ends', () => {
    const { lines, stop } = listen();
    stop();
    breakerChanges.publish({ origin, state: 'open' });
    expect([lines, breakerChanges.hasSubscribers, unmappedCodes.hasSubscribers]).toEqual([[], false, false]);
  });
});

describe('the log of trouble with the cache', () => {
  it('tells of the first fault at once and of no other for a second, then how many there were', async () => {
    const clock = new FakeClock();
    const lines: string[] = [];
    onTestFinished(logCacheTrouble(loggerTo(lines), clock));
    const fault = { kind: 'timeout', command: 'lookup', code: null } as const;
    cacheFaults.publish(fault);
    await clock.advance(999);
    cacheFaults.publish(fault);
    cacheFaults.publish({ ...fault, kind: 'refused', code: 'READONLY' });
    expect(lines).toHaveLength(1);
    await clock.advance(1);
    cacheFaults.publish({ kind: 'refused', command: 'store', code: 'OOM' });
    expect(told(lines)).toEqual([
      { event: 'cache-trouble', ...fault, untold: 0 },
      { event: 'cache-trouble', kind: 'refused', command: 'store', code: 'OOM', untold: 2 },
    ]);
  });
});

describe('the log of lost spans', () => {
  it('tells once a minute how many since', async () => {
    const clock = new FakeClock();
    const lines: string[] = [];
    onTestFinished(logLostSpans(loggerTo(lines), clock));
    lostSpans.publish({ count: 3 });
    lostSpans.publish({ count: 4 });
    await clock.advance(60_000);
    lostSpans.publish({ count: 5 });
    expect(told(lines)).toEqual([
      { event: 'spans-lost', count: 3 },
      { event: 'spans-lost', count: 9 },
    ]);
  });
});

describe('the log of documents that no manifest lists', () => {
  const HOUR_MS = 3_600_000;
  const event = { outcome: 'ran', operationName: 'Jobs', sha256: 'a'.repeat(64), client: 'web' } as const;

  function start(): { readonly clock: FakeClock; readonly lines: () => unknown[] } {
    const clock = new FakeClock();
    const written: string[] = [];
    onTestFinished(logUnlistedDocuments(loggerTo(written), clock));
    return { clock, lines: () => told(written) };
  }

  it('tells of each once an hour', async () => {
    const { clock, lines } = start();
    unlistedDocuments.publish(event);
    await clock.advance(HOUR_MS - 1);
    unlistedDocuments.publish(event);
    unlistedDocuments.publish({ ...event, outcome: 'refused' });
    await clock.advance(1_000);
    unlistedDocuments.publish(event);
    expect(lines()).toEqual([
      { event: 'unlisted-document', ...event, untold: 0 },
      { event: 'unlisted-document', ...event, outcome: 'refused', untold: 1 },
      { event: 'unlisted-document', ...event, untold: 0 },
    ]);
  });

  it('shows a name that is one, and nothing else that a client calls an operation', async () => {
    const { clock, lines } = start();
    const names = ['A_1', 'a b', '\u009b31mred', 'a\u202eb', '{"level":"error"}', '', 'N'.repeat(70)];
    for (const [index, operationName] of names.entries()) {
      unlistedDocuments.publish({ ...event, outcome: 'refused', operationName, sha256: String(index) });
      await clock.advance(1_000);
    }
    expect(lines().map((line) => (line as { operationName: unknown }).operationName)).toEqual([
      'A_1',
      ...Array.from({ length: 5 }, () => null),
      'N'.repeat(64),
    ]);
  });

  it('tells of one a second at most, and of the others in their turn', async () => {
    const { clock, lines } = start();
    const other = { ...event, sha256: 'b'.repeat(64) };
    unlistedDocuments.publish(event);
    unlistedDocuments.publish(other);
    await clock.advance(1_000);
    unlistedDocuments.publish(other);
    expect(lines()).toEqual([
      { event: 'unlisted-document', ...event, untold: 0 },
      { event: 'unlisted-document', ...other, untold: 1 },
    ]);
  });

  it('forgets the first of many, lest their number fill the memory', async () => {
    const { clock, lines } = start();
    for (let index = 0; index <= 1_000; index += 1) {
      unlistedDocuments.publish({ ...event, sha256: String(index) });
      await clock.advance(1_000);
    }
    unlistedDocuments.publish({ ...event, sha256: '1000' });
    expect(lines()).toHaveLength(1_001);
    unlistedDocuments.publish({ ...event, sha256: '0' });
    expect(lines()).toHaveLength(1_002);
  });
});
