import { onTestFinished } from 'vitest';
import { type CacheFaultEvent, cacheFaults } from '../../src/telemetry/channels.ts';

/** All that is told of the cache's Redis until the test ends. */
export function recordedFaults(): CacheFaultEvent[] {
  const faults: CacheFaultEvent[] = [];
  onTestFinished(cacheFaults.subscribe((fault) => faults.push(fault)));
  return faults;
}

/** For what happens soon, on a machine that is busy. */
export const SOON = { timeout: 15_000, interval: 10 };
