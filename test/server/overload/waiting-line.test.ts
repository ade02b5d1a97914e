import { describe, expect, it } from 'vitest';
import { WaitingLine } from '../../../src/server/overload/waiting-line.ts';

const TURN_MS = 12.5;
/** What a turn costs by itself, and what refusing somebody costs in it. */
const EMPTY_TURN_MS = 0.02;
const REFUSAL_MS = 0.1;

interface Arrival {
  readonly atMs: number;
  readonly costMs: number;
}

interface Outcome extends Arrival {
  /** Since it arrived, until it was begun or refused. */
  readonly waitedMs: number;
  readonly isRefused: boolean;
  readonly number: number;
}

interface Run {
  /** In the order in which they were begun or refused. */
  readonly outcomes: readonly Outcome[];
  readonly refused: readonly Outcome[];
  readonly begun: readonly Outcome[];
  readonly isWatching: boolean;
}

/** What others do to the process. */
interface Trouble {
  /** Once each. */
  readonly stalls?: readonly { readonly atMs: number; readonly forMs: number }[];
  /** Each turn, besides its work. */
  readonly turnsLastMs?: number;
}

/** An event loop with a clock of its own: in a turn it hears who has arrived by its beginning, and works on what it begins. */
function run(arrivals: readonly Arrival[], { stalls = [], turnsLastMs = EMPTY_TURN_MS }: Trouble = {}): Run {
  let nowMs = 0;
  const watch: { onTurn: ((lastedMs: number) => void) | null } = { onTurn: null };
  const line = new WaitingLine({
    turnMs: TURN_MS,
    watchTurns: (listener) => {
      watch.onTurn = listener;
      return () => {
        watch.onTurn = null;
      };
    },
  });
  const outcomes: Outcome[] = [];
  let heard = 0;
  let turnBeganAtMs = 0;
  const work = (arrival: Arrival, isRefused: boolean, number: number): void => {
    outcomes.push({ ...arrival, waitedMs: nowMs - arrival.atMs, isRefused, number });
    nowMs += isRefused ? REFUSAL_MS : arrival.costMs;
  };
  const hearWhoCame = (): void => {
    const untilMs = nowMs;
    for (let arrival = arrivals[heard]; arrival !== undefined && arrival.atMs <= untilMs;) {
      const [who, number] = [arrival, heard];
      if (!line.offer(() => work(who, false, number))) {
        work(who, true, number);
      }
      heard += 1;
      arrival = arrivals[heard];
    }
  };
  const waitForSomebody = (): void => {
    nowMs = Math.max(nowMs, arrivals[heard]?.atMs ?? nowMs);
    turnBeganAtMs = nowMs;
  };
  while (heard < arrivals.length || watch.onTurn !== null) {
    if (watch.onTurn === null) {
      waitForSomebody();
    }
    const stall = stalls.find(({ atMs }) => atMs >= turnBeganAtMs && atMs < nowMs + turnsLastMs);
    hearWhoCame();
    nowMs += turnsLastMs + (stall?.forMs ?? 0);
    const lastedMs = nowMs - turnBeganAtMs;
    turnBeganAtMs = nowMs;
    watch.onTurn?.(lastedMs);
  }
  return {
    outcomes,
    refused: outcomes.filter(({ isRefused }) => isRefused),
    begun: outcomes.filter(({ isRefused }) => !isRefused),
    isWatching: watch.onTurn !== null,
  };
}

/** So many a second, evenly, from and until then. */
function stream(perSecond: number, costMs: number, fromMs: number, untilMs: number): Arrival[] {
  const everyMs = 1_000 / perSecond;
  return Array.from({ length: Math.round((untilMs - fromMs) / everyMs) }, (_, number) => ({
    atMs: fromMs + number * everyMs,
    costMs,
  }));
}

function longestWait(outcomes: readonly Outcome[]): number {
  return Math.max(0, ...outcomes.map(({ waitedMs }) => waitedMs));
}

describe('a line of requests', () => {
  it('begins who comes alone at once, and rests', () => {
    const { begun, isWatching } = run([{ atMs: 5, costMs: 2 }]);
    expect(begun).toMatchObject([{ waitedMs: 0 }]);
    expect(isWatching).toBe(false);
  });

  it('begins a burst in the order in which it came, and refuses nobody', () => {
    const { begun, refused } = run(Array.from({ length: 200 }, () => ({ atMs: 0, costMs: 2 })));
    expect(refused).toEqual([]);
    expect(begun.map(({ number }) => number)).toEqual(Array.from({ length: 200 }, (_, number) => number));
    // The work of those before, and hardly more.
    expect(longestWait(begun)).toBeLessThan(199 * 2 * 1.05);
  });

  it('refuses of one burst at once what would wait too long, and serves the rest', () => {
    const { begun, refused } = run(Array.from({ length: 10_000 }, () => ({ atMs: 0, costMs: 2 })));
    expect(begun.length).toBeGreaterThan(200);
    expect(longestWait(begun)).toBeLessThan(3_000);
    expect(refused.length).toBeGreaterThan(8_000);
  });

  it.each([0.05, 0.5, 2, 10])(
    'lets nobody wait to speak of at half of what can be done, %s ms each',
    (costMs) => {
      const { begun, refused } = run(stream(500 / costMs, costMs, 0, 3_000));
      expect(refused).toEqual([]);
      expect(longestWait(begun)).toBeLessThan(costMs + 1);
    },
  );

  it('serves all of half of what can be done also when the process stood still for a while', () => {
    const { begun, refused } = run(stream(250, 2, 0, 5_000), {
      stalls: [{ atMs: 1_000, forMs: 150 }],
    });
    expect(refused).toEqual([]);
    expect(longestWait(begun)).toBeGreaterThan(100);
  });

  describe.each([0.5, 2, 6])('that come three times as fast as can be done, %s ms each', (costMs) => {
    const LASTS_MS = 10_000;
    const crowd = run(stream(3_000 / costMs, costMs, 0, LASTS_MS));

    it('answers nearly as many as ever', () => {
      const refusingMs = crowd.refused.length * REFUSAL_MS;
      const most = (LASTS_MS - refusingMs) / costMs;
      expect(crowd.begun.length).toBeGreaterThan(most * 0.95);
    });

    it('refuses the rest in about a turn', () => {
      expect(longestWait(crowd.refused)).toBeLessThan(2 * TURN_MS + 4 * costMs);
    });

    it('lets those who are served wait for a few turns, but for those of the first moment', () => {
      const later = crowd.begun.filter(({ atMs }) => atMs > 2_000);
      expect(longestWait(later)).toBeLessThan(6 * TURN_MS + 20 * costMs);
      expect(longestWait(crowd.begun)).toBeLessThan(3_000);
    });

    it('serves everybody again soon after', () => {
      const calm = stream(250 / costMs, costMs, LASTS_MS + 3_000, LASTS_MS + 6_000);
      const { outcomes } = run([...stream(3_000 / costMs, costMs, 0, LASTS_MS), ...calm]);
      const after = outcomes.filter(({ atMs }) => atMs > LASTS_MS);
      expect(after).toHaveLength(calm.length);
      expect(after.filter(({ isRefused }) => isRefused)).toEqual([]);
      expect(longestWait(after)).toBeLessThan(costMs + 1);
    });
  });

  it('refuses nobody where few come, although a neighbour takes most of the time', () => {
    const clumps = Array.from({ length: 100 }, (_, clump) =>
      Array.from({ length: 8 }, () => ({ atMs: clump * 200, costMs: 2 })),
    ).flat();
    const { refused } = run(clumps, { turnsLastMs: 40 });
    expect(refused).toEqual([]);
  });

  it('begins everybody who was let wait', () => {
    const arrivals = stream(3_000, 1, 0, 2_000);
    const { begun, refused } = run(arrivals);
    expect(begun.length + refused.length).toBe(arrivals.length);
  });

  it('does not take a short pause of a crowd for its end', () => {
    const waves = Array.from({ length: 40 }, (_, wave) =>
      stream(2_000, 2, wave * 300, wave * 300 + 270),
    ).flat();
    const { begun } = run(waves);
    expect(longestWait(begun.filter(({ atMs }) => atMs > 2_000))).toBeLessThan(200);
  });

  it('does not take one burst after the other for a crowd', () => {
    const bursts = Array.from({ length: 100 }, (_, burst) =>
      Array.from({ length: 60 }, () => ({ atMs: burst * 170, costMs: 2 })),
    ).flat();
    expect(run(bursts).refused).toEqual([]);
  });
});

describe('between two turns that work', () => {
  it('newcomers are heard, each as soon as it is accepted', () => {
    let onTurn: (lastedMs: number) => void = () => undefined;
    const line = new WaitingLine({
      turnMs: TURN_MS,
      watchTurns: (listener) => {
        onTurn = listener;
        return () => undefined;
      },
    });
    const begun: number[] = [];
    const arrive = (number: number): boolean => line.offer(() => begun.push(number));
    [0, 1, 2].forEach(arrive);
    onTurn(1);
    for (let number = 3; number < 20; number += 1) {
      arrive(number);
      onTurn(0.1);
    }
    expect(begun).toEqual([0]);
    [1, 2, 3].forEach(() => onTurn(0.1));
    expect(begun.slice(0, 3)).toEqual([0, 1, 2]);
    expect(begun.length).toBeGreaterThan(5);
  });

  it('not more than half of the time goes to newcomers', () => {
    let onTurn: (lastedMs: number) => void = () => undefined;
    const line = new WaitingLine({
      turnMs: TURN_MS,
      watchTurns: (listener) => {
        onTurn = listener;
        return () => undefined;
      },
    });
    let begun = 0;
    const arrive = (): boolean => line.offer(() => (begun += 1));
    arrive();
    onTurn(1);
    for (let turns = 0; turns < 8; turns += 1) {
      arrive();
      onTurn(1);
    }
    expect(begun).toBeGreaterThan(1);
  });
});
