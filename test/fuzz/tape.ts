import fc from 'fast-check';

/**
 * Decisions, read one after the other from a list of numbers. What is made by them shrinks with the list: a smaller number is
 * an earlier, plainer choice, and a list that is over goes on with the plainest for ever.
 */
export class Tape {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** 0 to `count - 1`. */
  below(count: number): number {
    const number = this.#numbers[this.#at] ?? 0;
    this.#at += 1;
    return number % count;
  }

  oneOf<T>(choices: readonly T[]): T {
    const index = this.below(choices.length);
    if (index >= choices.length) {
      throw new RangeError('expected at least one choice');
    }
    return choices[index] as T;
  }

  /** Whether something happens that does so in `percent` of all cases; never once the list is over. */
  chance(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }

  /** What `make` gives, as often as a number below `count` says. */
  some<T>(count: number, make: () => T): T[] {
    return Array.from({ length: this.below(count) }, make);
  }
}

/** What is made by tapes of up to `maxDecisions` numbers. */
export function madeBy<T>(maxDecisions: number, make: (tape: Tape) => T): fc.Arbitrary<T> {
  const numbers = fc.noBias(fc.array(fc.nat(0xffff), { maxLength: maxDecisions, size: 'max' }));
  return numbers.map((each) => make(new Tape(each)));
}

/** All that runs may take together, with the search for the smallest failing case. */
const MAX_MS = 110_000;

/** So many runs, the same each time; too few of them in the time that there is are a failure. */
export function seeded(seed: number, numRuns: number): fc.Parameters<unknown> {
  return { seed, numRuns, plugins: [fc.interruptAfterTimeLimit(MAX_MS, { failOnInterrupt: true })] };
}
