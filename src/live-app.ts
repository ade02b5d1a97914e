import type { RequestListener } from 'node:http';
import { createApp, type Parts } from './app.ts';
import { BudgetPool, shareBudgets } from './budgets.ts';
import type { AccountConfig, Config } from './config.ts';
import { digestOf } from './config-digest.ts';
import { systemClock } from './lib/clock.ts';
import { KeySets } from './server/auth/key-sets.ts';
import { HandOver } from './server/connections/hand-over.ts';

/** The gateway of the configuration that holds at present. */
export interface LiveApp {
  /** Answers requests of a node:http server, each by the configuration that held when it came. */
  readonly listener: RequestListener;
  readonly config: Config;
  /**
   * Lets another configuration hold from now on: an app of its own takes every new request, and the old one is closed when it
   * has answered the last of its own, or when `deadlines.drainMs` are over. Throws, and changes nothing, when that app cannot
   * be made. Makes none where the two say the same.
   */
  replace(config: Config): Replaced;
  /** Makes `/ready` answer 503, so that balancers send no more. */
  drain(): void;
  /** Cuts the connections to the upstreams, and ends what is still under way. */
  close(): Promise<void>;
}

export interface Replaced {
  /** Whether another app answers now. */
  readonly isNew: boolean;
  /** The keys that differ and hold only from the next start on. */
  readonly kept: readonly string[];
  /** Resolves when the old app, if there is one, is closed. */
  readonly isOver: Promise<void>;
}

/**
 * The app as a whole is what a new configuration replaces: whatever a request meets comes out of one configuration, never out
 * of two. The cost is that the new one begins with an empty memory, as after a start. What it shares with the old one is the
 * budgets of calls, of which there must not be two, and the keys of the tokens' issuer, without which it could let in nobody
 * while the issuer is away.
 */
export function createLiveApp(started: Config, parts: Partial<Parts> = {}): LiveApp {
  const { clock = systemClock, onWarning = () => undefined } = parts;
  const budgets = new BudgetPool(started, clock);
  const keySets = new KeySets(clock);
  const open = (config: Config) => createApp(config, { ...parts, budgets, keySets });
  let config = started;
  let app = open(started);
  let isDraining = false;
  const handOver = new HandOver(app.listener);
  const retiring = new Set<() => Promise<void>>();

  const retire = async (old: typeof app, answered: Promise<void>, graceMs: number): Promise<void> => {
    const cut = Promise.withResolvers<void>();
    const cancel = clock.after(graceMs, cut.resolve);
    let closing: Promise<void> | null = null;
    const close = (): Promise<void> => {
      cut.resolve();
      return (closing ??= old.close());
    };
    retiring.add(close);
    try {
      await Promise.race([answered, cut.promise]);
      await close();
    } catch {
      onWarning('The connections of the configuration before could not all be closed.');
    } finally {
      cancel();
      retiring.delete(close);
    }
  };

  return {
    listener: handOver.listener,
    get config() {
      return config;
    },
    replace: (read) => {
      const { next, kept } = withFixed(config, read);
      if (digestOf(next) === digestOf(config)) {
        return { isNew: false, kept, isOver: Promise.resolve() };
      }
      const old = app;
      const { drainMs } = config.deadlines;
      app = open(next);
      config = next;
      if (isDraining) {
        app.drain();
      }
      return { isNew: true, kept, isOver: retire(old, handOver.to(app.listener), drainMs) };
    },
    drain: () => {
      isDraining = true;
      app.drain();
    },
    close: async () => {
      await Promise.all([app.close(), ...[...retiring].map((close) => close())]);
      budgets.close();
    },
  };
}

/** What the process itself was started with, and a new app cannot change: where and how it listens. */
const FIXED_OF_SERVER = [
  'host',
  'port',
  'maxConnections',
  'maxHeaders',
  'maxHeaderBytes',
  'headersTimeoutMs',
  'bodyTimeoutMs',
  'keepAliveTimeoutMs',
  'metrics',
  'metricsPort',
  'watchConfig',
] as const satisfies readonly (keyof Config['server'])[];

/** Its logs, its traces, its place in the fleet. */
const FIXED = ['log', 'tracing', 'fleet'] as const satisfies readonly (keyof Config)[];

/** What may hold of a configuration from now on, and the keys of which it is not so. */
function withFixed(
  current: Config,
  read: Config,
): { readonly next: Config; readonly kept: readonly string[] } {
  const accounts = read.accounts.map((account) => withRate(account, current.accounts));
  const pick = <T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> =>
    Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;
  const next: Config = {
    ...read,
    ...pick(current, FIXED),
    accounts,
    server: { ...read.server, ...pick(current.server, FIXED_OF_SERVER) },
    redisUrl: current.redisUrl,
    // A file that may leave it out names another address to listen on, which is not the one that is listened on.
    auth: read.auth ?? current.auth,
  };
  const differs = (one: unknown, other: unknown): boolean => JSON.stringify(one) !== JSON.stringify(other);
  const kept = [
    ...FIXED_OF_SERVER.filter((key) => differs(current.server[key], read.server[key])).map(
      (key) => `server.${key}`,
    ),
    ...FIXED.filter((key) => differs(current[key], read[key])),
    ...(read.auth === null && current.auth !== null ? ['auth'] : []),
    ...(current.redisUrl?.reveal() === read.redisUrl?.reveal() ? [] : ['redis.url']),
    ...(accounts.every((account, index) => account === read.accounts[index])
      ? []
      : ['batchCompute.requestsPerSecond']),
  ];
  return { next, kept };
}

/** The rate of a budget that is in use is that at which it was opened: callers have been promised their turns by it. */
function withRate(account: AccountConfig, current: readonly AccountConfig[]): AccountConfig {
  const before = current.find((other) => shareBudgets(other, account))?.batchCompute;
  if (
    before === undefined ||
    before === null ||
    account.batchCompute === null ||
    before.requestsPerSecond === account.batchCompute.requestsPerSecond
  ) {
    return account;
  }
  const { requestsPerSecond } = before;
  return { ...account, batchCompute: { ...account.batchCompute, requestsPerSecond } };
}
