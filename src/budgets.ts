import type { AccountConfig, Config } from './config.ts';
import type { Clock } from './lib/clock.ts';
import type { RedisConnection } from './lib/redis.ts';
import { BATCH_COMPUTE_ACTIONS } from './sources/batch-compute/client.ts';
import { BATCH_COMPUTE_HOST } from './sources/batch-compute/signature.ts';
import { createFleetSlots, type OpenSlots } from './upstream/slots/fleet-slots.ts';
import type { Limiter } from './upstream/turns/limiter.ts';
import { spacingOf } from './upstream/slots/local-slots.ts';
import { createPacer } from './upstream/turns/pacer.ts';

/** The budgets of calls per second of all accounts. */
export interface Budgets {
  /** The limiter of each action, for an account. */
  limitersOf(account: AccountConfig): (action: string) => Limiter;
  /** Leaves no timer behind. */
  close(): void;
}

interface Budget {
  readonly slots: OpenSlots;
  readonly limiter: Limiter;
}

/**
 * One budget for each action of a credential at an access host. The vendor counts where a call enters, so all regions that are
 * read through one host share it (`upstreams/batch-compute.md` section 3), and so do accounts with one credential, at the
 * lowest of their rates, and all replicas (`createFleetSlots`). They are opened at once: a shared one takes a while to begin.
 */
export function openBudgets(
  { accounts, fleet }: Pick<Config, 'accounts' | 'fleet'>,
  redis: RedisConnection | null,
  clock: Clock,
): Budgets {
  const budgets = new Map<string, Budget>();
  for (const account of accounts.filter(({ batchCompute }) => batchCompute !== null)) {
    const spacingMs = spacingOf(rateOf(account, accounts));
    for (const action of BATCH_COMPUTE_ACTIONS) {
      const name = nameOf(account, action);
      if (!budgets.has(name)) {
        const slots = createFleetSlots({ redis, fleet, budget: name, spacingMs, clock });
        budgets.set(name, { slots, limiter: createPacer(slots, clock) });
      }
    }
  }
  return {
    limitersOf: (account) => (action) => {
      const budget = budgets.get(nameOf(account, action));
      if (budget === undefined) {
        throw new TypeError(`expected an action that has a budget, got ${action}`);
      }
      return budget.limiter;
    },
    close: () => {
      budgets.forEach(({ slots }) => {
        slots.close();
      });
    },
  };
}

/** By what the vendor counts: who calls what, and where. */
function nameOf({ credential, batchCompute }: AccountConfig, action: string): string {
  return `${credential.secretId.reveal()} ${batchCompute?.endpoint ?? BATCH_COMPUTE_HOST} ${action}`;
}

function rateOf(account: AccountConfig, accounts: readonly AccountConfig[]): number {
  const sharing = accounts.filter((other) => nameOf(other, '') === nameOf(account, ''));
  return Math.min(...sharing.flatMap(({ batchCompute }) => batchCompute?.requestsPerSecond ?? []));
}
