import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { keySetReads, refusedCallers } from '../../src/telemetry/channels.ts';
import { startLog } from '../../src/telemetry/log.ts';
import { FakeClock } from '../support/fake-clock.ts';

function startLogging(level: string): { readonly lines: unknown[]; readonly clock: FakeClock } {
  const lines: unknown[] = [];
  const logger = pino(
    { level, base: null, timestamp: false },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const clock = new FakeClock();
  onTestFinished(startLog(logger, clock));
  return { lines, clock };
}

const WARN = 40;
const INFO = 30;

describe('the log', () => {
  it('tells why callers are refused, once a second for each reason', async () => {
    const { lines, clock } = startLogging('info');
    for (const reason of ['expired', 'expired', 'no-token', 'expired']) {
      refusedCallers.publish({ reason });
    }
    await clock.advance(1_000);
    refusedCallers.publish({ reason: 'expired' });
    expect(lines).toEqual([
      { level: INFO, event: 'caller-refused', reason: 'expired', untold: 0 },
      { level: INFO, event: 'caller-refused', reason: 'no-token', untold: 0 },
      { level: INFO, event: 'caller-refused', reason: 'expired', untold: 2 },
    ]);
  });

  it('warns when the issuer’s keys cannot be read, and says nothing when they can', () => {
    const { lines } = startLogging('warn');
    keySetReads.publish({ outcome: 'ok', keys: 2, durationMs: 7 });
    keySetReads.publish({ outcome: 'timeout', keys: 0, durationMs: 2_500 });
    keySetReads.publish({ outcome: 'timeout', keys: 0, durationMs: 2_500 });
    refusedCallers.publish({ reason: 'keys-unavailable' });
    expect(lines).toEqual([
      { level: WARN, event: 'issuer-keys', outcome: 'timeout', durationMs: 2_500, untold: 0 },
    ]);
  });
});
