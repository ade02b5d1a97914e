/** What a queue has to know of those who wait in it; read anew each time, for it may change while they wait. */
export interface Contender {
  /** Who waits. Absent or empty: nobody in particular, who is one caller like any other. */
  readonly callers?: ReadonlySet<string> | undefined;
  /** Whether it goes behind all that are not. */
  readonly isBackground?: boolean | undefined;
}

const NOBODY: ReadonlySet<string> = new Set(['']);
/** Callers name themselves: under new names for ever, in a queue that is never empty, they are not to fill the memory. */
const MAX_REMEMBERED = 1_000;

/**
 * A queue with a fair share for each caller, however much one asks for: next is what belongs to the caller that had the
 * fewest turns, then what came first; all background work after all else. What several callers share is due with the first
 * of them, and counts for each.
 *
 * A caller that comes late has no claim to the turns of the past, and one that asks again and again, one thing at a time,
 * no advantage over one that has much waiting (start-time fair queueing, with turns counted when they are taken).
 */
export class FairQueue<T extends Contender> {
  /** All that wait, in the order in which they came, each with who waited for it then. */
  readonly #waiting = new Map<T, ReadonlySet<string>>();
  /** How much each caller has waiting. */
  readonly #counts = new Map<string, number>();
  /** How many turns each caller has had, on a scale on which `#level` is where one stands who has just come. */
  readonly #turns = new Map<string, number>();
  #level = 0;

  get size(): number {
    return this.#waiting.size;
  }

  /** All that wait, in the order in which they came. */
  [Symbol.iterator](): Iterator<T> {
    return this.#waiting.keys();
  }

  add(item: T): void {
    const callers = callersOf(item);
    this.#waiting.set(item, callers);
    callers.forEach((caller) => this.#counts.set(caller, this.#countOf(caller) + 1));
  }

  /** Whether it was still waiting. */
  remove(item: T): boolean {
    const wasWaiting = this.#drop(item);
    this.#forgetWhenEmpty();
    return wasWaiting;
  }

  /**
   * About how many go before the last that a caller has waiting, at most. Quick, where `order` is exact: it takes everything
   * for urgent, and does not know who has joined what since it came.
   */
  placeBehind(caller: string): number {
    const own = this.#countOf(caller);
    let others = 0;
    for (const [other, count] of this.#counts) {
      others += other === caller ? 0 : Math.min(count, own);
    }
    return Math.max(0, own - 1) + others;
  }

  /** Takes out up to `count`, in the order of their turns. */
  take(count: number): T[] {
    const taken = this.#ranked().slice(0, count);
    for (const { item, turn } of taken) {
      this.#drop(item);
      this.#level = Math.max(this.#level, turn);
      callersOf(item).forEach((caller) => {
        this.#charge(caller);
      });
    }
    this.#forgetWhenEmpty();
    return taken.map(({ item }) => item);
  }

  /** All that wait, in the order in which they would be taken if nothing changed. */
  order(): T[] {
    return this.#ranked().map(({ item }) => item);
  }

  /** The n-th that a caller has waiting is due n turns after its first. */
  #ranked(): { readonly item: T; readonly turn: number }[] {
    const ahead = { interactive: new Map<string, number>(), background: new Map<string, number>() };
    const ranked = [...this.#waiting.keys()].map((item) => {
      const isBackground = item.isBackground === true;
      const callers = [...callersOf(item)];
      const before = isBackground ? ahead.background : ahead.interactive;
      const turn = Math.min(...callers.map((caller) => this.#turnsOf(caller) + (before.get(caller) ?? 0)));
      callers.forEach((caller) => before.set(caller, (before.get(caller) ?? 0) + 1));
      return { item, isBackground, turn };
    });
    // Sorting keeps the order of arrival among equals.
    return ranked.toSorted((a, b) => Number(a.isBackground) - Number(b.isBackground) || a.turn - b.turn);
  }

  /** Who had a turn longest ago is forgotten first, and stands level with who has just come. */
  #charge(caller: string): void {
    const turns = this.#turnsOf(caller) + 1;
    this.#turns.delete(caller);
    this.#turns.set(caller, turns);
    const [oldest] = this.#turns.keys();
    if (this.#turns.size > MAX_REMEMBERED && oldest !== undefined) {
      this.#turns.delete(oldest);
    }
  }

  /** How many callers' turns are remembered: bounded, whatever callers there are. */
  get remembered(): number {
    return this.#turns.size;
  }

  #turnsOf(caller: string): number {
    return Math.max(this.#turns.get(caller) ?? 0, this.#level);
  }

  #drop(item: T): boolean {
    this.#waiting.get(item)?.forEach((caller) => {
      const left = this.#countOf(caller) - 1;
      if (left === 0) {
        this.#counts.delete(caller);
      } else {
        this.#counts.set(caller, left);
      }
    });
    return this.#waiting.delete(item);
  }

  #countOf(caller: string): number {
    return this.#counts.get(caller) ?? 0;
  }

  /** Where nobody waits, nobody has had too much. */
  #forgetWhenEmpty(): void {
    if (this.#waiting.size === 0) {
      this.#turns.clear();
      this.#level = 0;
    }
  }
}

function callersOf({ callers }: Contender): ReadonlySet<string> {
  return callers === undefined || callers.size === 0 ? NOBODY : callers;
}
