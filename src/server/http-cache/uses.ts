import type { Use } from '../../lib/call-scope.ts';
import type { SeenValues } from '../../telemetry/channels.ts';

/** The values that one answer is made of. */
export class Uses {
  readonly #beganAtMs: number;
  readonly #uses: Use[] = [];
  #hasFailed = false;

  /** `beganAtMs`: when the request began, in milliseconds since the epoch. */
  constructor(beganAtMs: number) {
    this.#beganAtMs = beganAtMs;
  }

  readonly add = (use: Use): void => {
    this.#uses.push(use);
  };

  /** Notes that a part of the answer is missing because it could not be read. */
  readonly fail = (): void => {
    this.#hasFailed = true;
  };

  get count(): number {
    return this.#uses.length;
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** When the oldest value was fetched; infinity without values. */
  get oldestFetchedAtMs(): number {
    return this.#uses.reduce((oldest, { fetchedAtMs }) => Math.min(oldest, fetchedAtMs), Infinity);
  }

  /** Until when all values answer by themselves; infinity without values. */
  get freshUntilMs(): number {
    return this.#uses.reduce((first, { freshUntilMs }) => Math.min(first, freshUntilMs), Infinity);
  }

  /** Whether every value was kept before the request began: then the answer says the same of itself when it is given again. */
  get wereKept(): boolean {
    return this.#uses.every(({ fetchedAtMs }) => fetchedAtMs < this.#beganAtMs);
  }

  /** How many values there are of each kind and from where, for those who count. */
  counted(): SeenValues[] {
    const counts = new Map<string, { -readonly [Name in keyof SeenValues]: SeenValues[Name] }>();
    for (const { origin } of this.#uses) {
      if (origin !== undefined) {
        const key = `${origin.kind} ${origin.outcome} ${origin.tier}`;
        const counted = counts.get(key);
        if (counted === undefined) {
          counts.set(key, { ...origin, count: 1 });
        } else {
          counted.count += 1;
        }
      }
    }
    return [...counts.values()];
  }

  /** Whether each value would be given again: nothing newer is known of any. */
  isCurrent(): boolean {
    return this.#uses.every((use) => use.isCurrent());
  }
}
