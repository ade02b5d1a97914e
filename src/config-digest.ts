import type { Config } from './config.ts';
import { Secret } from './lib/secret.ts';
import { sha256Hex } from './lib/sha256.ts';

/** The same for configurations that say the same, secrets included; it tells nothing of them. */
export function digestOf(config: Config): string {
  return sha256Hex(
    JSON.stringify(config, function reveal(this: Readonly<Record<string, unknown>>, key, shown: unknown) {
      // Asked of the holder, for by now a secret has turned itself into stars.
      const value = this[key];
      return value instanceof Secret ? value.reveal() : shown;
    }),
  );
}
