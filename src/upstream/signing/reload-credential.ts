import type { Clock } from '../../lib/clock.ts';
import type { Credential } from '../../model/credential.ts';
import { secondAttempt, type SecondAttempt } from './second-attempt.ts';

/** The credential of one account, shared by everything that signs for it. */
export interface CredentialHolder {
  /** What to sign with now. The same object as before unless it has changed. */
  current(): Credential;
  /** Looks whether there is another by now. Never rejects: without one, the old one stays. */
  reload(): Promise<void>;
}

/**
 * Renews a temporary credential that has expired (reliability U38): when an attempt is refused for its session token, the
 * holder is asked to reload, and the call is tried once more if there is another credential than the one that the attempt was
 * signed with. Otherwise the error stays. Costs nothing while nothing is refused, and one reading for calls refused together.
 */
export function reloadCredential(holder: CredentialHolder, clock: Clock): SecondAttempt {
  return secondAttempt<Credential>({
    remedy: 'RELOAD_CREDENTIAL',
    clock,
    signedWith: () => holder.current(),
    mend: async ({ signedWith }) => {
      if (holder.current() === signedWith) {
        await holder.reload();
      }
      return holder.current() !== signedWith;
    },
  });
}
