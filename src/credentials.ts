import { type AccountConfig, type Config, ConfigError } from './config.ts';
import type { Credential } from './model/credential.ts';
import { heldCredential } from './upstream/signing/held-credential.ts';
import type { CredentialHolder } from './upstream/signing/reload-credential.ts';

/** Where credentials that have expired are renewed from. */
export interface Renewal {
  /** The configuration as it is now; throws `ConfigError`. Null: credentials stay as they are. */
  readonly rereadConfig: (() => Config) | null;
  /** Told, in a sentence without a secret, of each time that this gave no credential. */
  readonly onWarning: (message: string) => void;
}

export const NO_RENEWAL: Renewal = { rereadConfig: null, onWarning: () => undefined };

/** An account, and what its origins sign with, which may be renewed. */
export interface HeldAccount {
  readonly account: AccountConfig;
  readonly holder: CredentialHolder;
}

/**
 * Of the configuration read anew, only the credential of the account of the same name is taken, and only when an upstream no
 * longer accepts the one in use: places, endpoints, limits and all else stay as they were at the start, and so do the budgets
 * of calls, which are those of the SecretId at the start.
 */
export function holderOf(
  { name, credential }: AccountConfig,
  { rereadConfig, onWarning }: Renewal,
): CredentialHolder {
  return heldCredential({
    initial: credential,
    reread: () => (rereadConfig === null ? credential : credentialIn(rereadConfig(), name)),
    onFailed: (error) => {
      onWarning(
        `The credential of account ${name} could not be read anew, and the old one stays: ${reasonOf(error)}`,
      );
    },
  });
}

function credentialIn({ accounts }: Config, name: string): Credential {
  const account = accounts.find((candidate) => candidate.name === name);
  if (account === undefined) {
    throw new ConfigError([`accounts: expected one of the name ${name}, which is served, got none`]);
  }
  return account.credential;
}

/** Only the words of a `ConfigError` are known to hold no secret. */
function reasonOf(error: unknown): string {
  return error instanceof ConfigError ? error.faults.join('; ') : 'reading it failed unexpectedly';
}
