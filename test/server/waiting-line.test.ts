import { describe, expect, it } from 'vitest';
import { WaitingLine } from '../../src/server/waiting-line.ts';

const TURN_MS = 25;

/** A line whose turns end when the test says so. */
function line(): {
  /** Offers so many, and gives how many were taken. */
  offer: (requests: number) => number;
  turn: (lastedMs: number) => void;
  begun: number[];
  isWatching: () => boolean;
} {
  const onTurns = new Set<(lastedMs: number) => void>();
  const waitingLine = new WaitingLine({
    turnMs: TURN_MS,
    watchTurns: (onTurn) => {
      onTurns.add(onTurn);
      return () => onTurns.delete(onTurn);
    },
  });
  const begun: number[] = [];
  let offered = 0;
  return {
    offer: (requests) =>
      Array.from({ length: requests }, () => {
        const number = offered++;
        return waitingLine.offer(() => begun.push(number));
      }).filter(Boolean).length,
    turn: (lastedMs) => onTurns.forEach((onTurn) => onTurn(lastedMs)),
    begun,
    isWatching: () => onTurns.size > 0,
  };
}

function upTo(length: number): number[] {
  return Array.from({ length }, (_, number) => number);
}

describe('a line of requests', () => {
  it('begins who comes alone at once', () => {
    const { offer, begun } = line();
    offer(1);
    expect(begun).toEqual([0]);
  });

  it('begins a burst in the order in which it came, a few each turn, and refuses nobody', () => {
    const { offer, turn, begun, isWatching } = line();
    expect(offer(200)).toBe(200);
    const counts = [begun.length];
    while (begun.length < 200) {
      turn(TURN_MS);
      counts.push(begun.length);
    }
    expect(begun).toEqual(upTo(200));
    expect(counts[0]).toBeLessThan(20);
    expect(counts.length).toBeGreaterThan(5);
    turn(TURN_MS);
    turn(1);
    expect(isWatching()).toBe(false);
  });

  it('lets nobody who comes later begin before who waits', () => {
    const { offer, turn, begun } = line();
    offer(30);
    turn(TURN_MS);
    offer(5);
    for (let turns = 0; turns < 10; turns += 1) {
      turn(TURN_MS);
    }
    expect(begun).toEqual(upTo(35));
  });

  it('refuses of one burst what would wait too long, and serves the rest', () => {
    const { offer, turn, begun } = line();
    const taken = offer(10_000);
    expect(taken).toBeGreaterThan(200);
    expect(taken).toBeLessThan(1_000);
    for (let turns = 0; turns < 200; turns += 1) {
      turn(TURN_MS);
    }
    expect(begun).toEqual(upTo(taken));
  });

  it('keeps only as many waiting as one turn takes, where more comes all the time than can be done', () => {
    const { offer, turn, begun } = line();
    for (let turns = 0; turns < 200; turns += 1) {
      offer(100);
      turn(TURN_MS + 1);
    }
    const before = begun.length;
    const taken = offer(100);
    turn(TURN_MS + 1);
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(10);
    expect(begun.length - before).toBeGreaterThanOrEqual(taken);
  });

  it('begins everybody who was let wait, also after the crowd has gone', () => {
    const { offer, turn, begun } = line();
    let taken = 0;
    for (let turns = 0; turns < 100; turns += 1) {
      taken += offer(100);
      turn(TURN_MS);
    }
    for (let turns = 0; turns < 100; turns += 1) {
      turn(1);
    }
    expect(begun).toHaveLength(taken);
  });

  it('stands as long as it was not empty for about as long as it stood', () => {
    const { offer, turn } = line();
    for (let turns = 0; turns < 100; turns += 1) {
      offer(100);
      turn(TURN_MS + 1);
    }
    // Nothing waits any more, and one comes each turn.
    for (let turns = 0; turns < 5; turns += 1) {
      turn(TURN_MS);
      offer(1);
    }
    expect(offer(1_000)).toBeLessThan(50);
    for (let turns = 0; turns < 100; turns += 1) {
      turn(TURN_MS);
      offer(1);
    }
    expect(offer(100)).toBe(100);
  });

  it('takes bursts again after a rest', () => {
    const { offer, turn, isWatching } = line();
    for (let turns = 0; turns < 100; turns += 1) {
      offer(100);
      turn(TURN_MS);
    }
    for (let turns = 0; isWatching(); turns += 1) {
      turn(1);
    }
    expect(offer(100)).toBe(100);
  });

  it('costs nothing while nobody comes', () => {
    const { offer, turn, isWatching } = line();
    expect(isWatching()).toBe(false);
    offer(1);
    expect(isWatching()).toBe(true);
    turn(1);
    turn(1);
    expect(isWatching()).toBe(false);
  });
});
