import type { Credential } from '../../model/credential.ts';
import type { CredentialHolder } from './reload-credential.ts';

export interface HeldCredentialOptions {
  readonly initial: Credential;
  /** Reads the credential anew from where it is configured. Whatever it throws is told to `onFailed`. */
  readonly reread: () => Credential | Promise<Credential>;
  /** Told of each reading that gave none. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * A credential that can be read anew (reliability K15). Readings are a single flight: whoever asks while one is under way
 * waits for that one. A reading that fails keeps the old credential, and the next need reads again.
 */
export function heldCredential({ initial, reread, onFailed }: HeldCredentialOptions): CredentialHolder {
  let current = initial;
  let reading: Promise<void> | null = null;

  const read = async (): Promise<void> => {
    try {
      const found = await reread();
      if (!isSame(found, current)) {
        current = found;
      }
    } catch (error) {
      onFailed(error);
    }
  };

  return {
    current: () => current,
    reload: async () => {
      reading ??= read().finally(() => {
        reading = null;
      });
      await reading;
    },
  };
}

function isSame(one: Credential, other: Credential): boolean {
  return (
    one.secretId.reveal() === other.secretId.reveal() &&
    one.secretKey.reveal() === other.secretKey.reveal() &&
    one.sessionToken?.reveal() === other.sessionToken?.reveal()
  );
}
