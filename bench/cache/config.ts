import { sandboxAccount } from '../../src/commands/sandbox-account.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import type { SandboxFacts } from './upstreams.ts';

export interface GatewaySettings {
  readonly sandbox: SandboxFacts;
  /** Null: as many as it likes. */
  readonly requestsPerSecond: number | null;
  /** The path of a Redis' socket; null: none. */
  readonly redis: string | null;
  readonly fleet: Config['fleet'];
  /** What differs from the defaults. */
  readonly cache: Partial<Config['cache']>;
}

/** Nothing is kept, neither values nor answers. */
export const NO_CACHE: Partial<Config['cache']> = { memoryBytes: 0, replayBytes: 0 };

/** Longer than any bench: what is known stays fresh. */
export const LASTING: Partial<Config['cache']> = {
  runningJobMs: 86_400_000,
  failedJobMs: 86_400_000,
  listingHeadMs: 86_400_000,
  listingTailMs: 86_400_000,
};

/** More than a bench can ask for. */
const UNLIMITED = 1_000_000_000;

export function configOf({ sandbox, requestsPerSecond, redis, fleet, cache }: GatewaySettings): Config {
  const defaults = readConfig({});
  return {
    ...defaults,
    // What is asked for here is what an answer costs, also where there are more than can be given in time.
    server: { ...defaults.server, maxEventLoopDelayMs: 60_000 },
    accounts: [sandboxAccount(sandbox as Sandbox, requestsPerSecond ?? UNLIMITED)],
    redisUrl: redis === null ? null : new Secret(redis),
    fleet,
    cache: { ...defaults.cache, ...cache },
  };
}
