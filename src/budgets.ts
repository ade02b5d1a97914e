import type { AccountConfig, Config } from './config.ts';
import type { Clock } from './lib/clock.ts';
import { connectRedis, type RedisConnection } from './lib/redis.ts';
import { BATCH_COMPUTE_ACTIONS } from './sources/batch-compute/client.ts';
import { BATCH_COMPUTE_HOST } from './sources/batch-compute/signature.ts';
import { createFleetSlots, type OpenSlots } from './upstream/slots/fleet-slots.ts';
import type { Limiter } from './upstream/turns/limiter.ts';
import { spacingOf } from './upstream/slots/local-slots.ts';
import { createPacer, type PacedLimiter, type QueueCondition } from './upstream/turns/pacer.ts';

/** How long the script that gives out slots may take: a slot is far enough ahead to wait for it. */
const SLOT_TIMEOUT_MS = 100;

/** The budgets of calls per second of the accounts of one configuration. */
export interface Budgets {
  /** The limiter of each action, for an account. */
  limitersOf(account: AccountConfig): (action: string) => Limiter;
  /** What waits for the calls of each budget at present. */
  conditions(): readonly BudgetCondition[];
  /** Leaves no timer behind, once for nobody else. */
  close(): void;
}

/** How it stands with one budget. */
export interface BudgetCondition extends QueueCondition {
  /** The account that draws from it, or the first of several. */
  readonly account: string;
  readonly action: string;
  /** How many calls it grants in a second at most. */
  readonly perSecond: number;
}

interface Budget {
  readonly account: string;
  readonly action: string;
  readonly slots: OpenSlots;
  readonly limiter: PacedLimiter;
  /** How many configurations use it. */
  users: number;
}

/**
 * One budget for each action of a credential at an access host. The vendor counts where a call enters, so all regions that are
 * read through one host share it (`upstreams/batch-compute.md` section 3), and so do accounts with one credential, at the
 * lowest of their rates, and all replicas (`createFleetSlots`). They are opened at once: a shared one takes a while to begin.
 *
 * A budget is one for the whole process: while a new configuration takes over from an old one, both draw from it, at the
 * rate at which it was opened.
 */
export class BudgetPool {
  readonly #fleet: Config['fleet'];
  readonly #redis: RedisConnection | null;
  readonly #clock: Clock;
  readonly #budgets = new Map<string, Budget>();

  constructor({ fleet, redisUrl }: Pick<Config, 'fleet' | 'redisUrl'>, clock: Clock) {
    this.#fleet = fleet;
    this.#redis = redisUrl === null ? null : connectRedis(redisUrl.reveal(), SLOT_TIMEOUT_MS);
    this.#clock = clock;
  }

  /** The budgets of these accounts, to be closed by whoever opens them. */
  open(accounts: readonly AccountConfig[]): Budgets {
    const used = new Map<string, Budget>();
    for (const account of accounts.filter(({ batchCompute }) => batchCompute !== null)) {
      for (const action of BATCH_COMPUTE_ACTIONS) {
        const name = nameOf(account, action);
        if (!used.has(name)) {
          const budget = this.#budgets.get(name) ?? this.#create(account, action, rateOf(account, accounts));
          budget.users += 1;
          used.set(name, budget);
        }
      }
    }
    return {
      limitersOf: (account) => (action) => {
        const budget = used.get(nameOf(account, action));
        if (budget === undefined) {
          throw new TypeError(`expected an action that has a budget, got ${action}`);
        }
        return budget.limiter;
      },
      conditions: () =>
        Array.from(used.values(), ({ account, action, slots, limiter }) => {
          const { calls, reads, oldestMs } = limiter.queue();
          return { account, action, perSecond: 1_000 / slots.spacingMs, calls, reads, oldestMs };
        }),
      close: () => {
        used.forEach((budget, name) => this.#release(budget, name));
        used.clear();
      },
    };
  }

  /** Ends the connection to Redis. To be called when all budgets are closed. */
  close(): void {
    this.#redis?.close();
  }

  #create(account: AccountConfig, action: string, requestsPerSecond: number): Budget {
    const name = nameOf(account, action);
    const slots = createFleetSlots({
      redis: this.#redis,
      fleet: this.#fleet,
      budget: name,
      spacingMs: spacingOf(requestsPerSecond),
      clock: this.#clock,
    });
    const limiter = createPacer(slots, this.#clock);
    const budget = { account: account.name, action, slots, limiter, users: 0 };
    this.#budgets.set(name, budget);
    return budget;
  }

  #release(budget: Budget, name: string): void {
    budget.users -= 1;
    if (budget.users === 0) {
      budget.slots.close();
      this.#budgets.delete(name);
    }
  }
}

/** By what the vendor counts: who calls what, and where. */
function nameOf({ credential, batchCompute }: AccountConfig, action: string): string {
  return `${credential.secretId.reveal()} ${batchCompute?.endpoint ?? BATCH_COMPUTE_HOST} ${action}`;
}

function rateOf(account: AccountConfig, accounts: readonly AccountConfig[]): number {
  const sharing = accounts.filter((other) => nameOf(other, '') === nameOf(account, ''));
  return Math.min(...sharing.flatMap(({ batchCompute }) => batchCompute?.requestsPerSecond ?? []));
}

/** Whether two accounts draw from the same budgets. */
export function shareBudgets(one: AccountConfig, other: AccountConfig): boolean {
  return one.batchCompute !== null && other.batchCompute !== null && nameOf(one, '') === nameOf(other, '');
}
