import { describe, expect, it } from 'vitest';
import { cutLife, doneAt, lifeOf, phaseAt, phasesUntil, still } from '../../src/sandbox/life.ts';

const life = lifeOf(
  [
    { status: 'New', forMs: 10 },
    { status: 'Active', forMs: 100, doneAfter: 0.5 },
    { status: 'Paused', forMs: 50 },
    { status: 'Active', forMs: 100, doneAfter: 1 },
  ],
  'Complete',
);

describe('a scripted life', () => {
  it.each([
    [0, 'New'],
    [9, 'New'],
    [10, 'Active'],
    [109, 'Active'],
    [110, 'Paused'],
    [160, 'Active'],
    [260, 'Complete'],
    [1e12, 'Complete'],
  ])('is after %i ms in %s', (elapsedMs, status) => {
    expect(phaseAt(life, elapsedMs).status).toBe(status);
  });

  it.each([
    [5, 0],
    [10, 0],
    [60, 0.25],
    [110, 0.5],
    [150, 0.5],
    [210, 0.75],
    [260, 1],
    [1e12, 1],
  ])('has after %i ms done this share: %f', (elapsedMs, done) => {
    expect(doneAt(life, elapsedMs)).toBeCloseTo(done, 10);
  });

  it('never goes back in its work', () => {
    const shares = Array.from({ length: 300 }, (_, elapsedMs) => doneAt(life, elapsedMs));
    expect(shares).toEqual(shares.toSorted((left, right) => left - right));
  });

  it('can be cut short, keeping the work done so far', () => {
    const cut = cutLife(life, 60, 'Cancelled');
    expect(phasesUntil(cut, 1000).map(({ status }) => status)).toEqual(['New', 'Active', 'Cancelled']);
    expect(doneAt(cut, 1000)).toBeCloseTo(0.25, 10);
    expect(doneAt(cut, 35)).toBeCloseTo(0.125, 10);
  });

  it('may stand still', () => {
    expect(phaseAt(still('Ready'), 1e12)).toEqual({ status: 'Ready', fromMs: 0, done: 0 });
  });
});
