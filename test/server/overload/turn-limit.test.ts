import { describe, expect, it } from 'vitest';
import { TurnLimit } from '../../../src/server/overload/turn-limit.ts';

const TURN_MS = 25;
const CROWD = 1_000;

/** So many of a crowd were let in by a turn. */
function admitted(limit: TurnLimit): number {
  return Array.from({ length: CROWD }, () => limit.admits()).filter(Boolean).length;
}

/** A turn that everybody wants to be in, where each who is let in costs so much. */
function crowdedTurn(limit: TurnLimit, costMs: number): number {
  const lastedMs = admitted(limit) * costMs;
  limit.end(lastedMs);
  return lastedMs;
}

describe('the limit of a turn', () => {
  it.each([0.05, 0.5, 2, 6])('comes to turns of the wished length where a request costs %s ms', (costMs) => {
    const limit = new TurnLimit(TURN_MS);
    for (let turn = 0; turn < 1_000; turn += 1) {
      crowdedTurn(limit, costMs);
    }
    const lasted = Array.from({ length: 20 }, () => crowdedTurn(limit, costMs));
    expect(Math.max(...lasted)).toBeLessThanOrEqual(TURN_MS + costMs);
    expect(Math.min(...lasted)).toBeGreaterThan(TURN_MS - 2 * costMs);
  });

  it('lets a few in where one alone is too much', () => {
    const limit = new TurnLimit(TURN_MS);
    for (let turn = 0; turn < 20; turn += 1) {
      crowdedTurn(limit, 300);
    }
    expect(admitted(limit)).toBe(4);
  });

  it('forgets a pause that was nobody’s fault as fast as it lets others in', () => {
    const limit = new TurnLimit(TURN_MS);
    for (let turn = 0; turn < 100; turn += 1) {
      crowdedTurn(limit, 1);
    }
    limit.end(2_000);
    expect(admitted(limit)).toBe(4);
    limit.end(1);
    for (let turn = 0; turn < 30; turn += 1) {
      crowdedTurn(limit, 1);
    }
    expect(crowdedTurn(limit, 1)).toBeGreaterThanOrEqual(TURN_MS - 1);
  });

  it('does not grow while nobody is refused', () => {
    const limit = new TurnLimit(TURN_MS);
    const first = admitted(limit);
    limit.end(1);
    for (let turn = 0; turn < 100; turn += 1) {
      limit.admits();
      limit.end(1);
    }
    expect(admitted(limit)).toBe(first + 1);
  });
});
