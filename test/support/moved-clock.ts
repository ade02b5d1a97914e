import { type Clock, systemClock } from '../../src/lib/clock.ts';

/** The machine's clock, moved forward: everything that reads the time sees `movedMs` more; waiting takes as long as ever. */
export class MovedClock implements Clock {
  movedMs = 0;

  now(): number {
    return systemClock.now() + this.movedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal);
  }

  after(ms: number, callback: () => void): () => void {
    return systemClock.after(ms, callback);
  }
}
