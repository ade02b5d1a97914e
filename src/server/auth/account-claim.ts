import type { VisibleAccounts } from '../../model/principal.ts';
import { CallerRefusedError } from './refusal.ts';

/** What a name in the configuration never is. */
const ALL = '*';

/**
 * Which accounts a token's claim lets see: a list of names, or a text of names with spaces between them, which no name
 * holds; `*` is all, alone or among others. Without the claim: none. Throws `CallerRefusedError` for anything else: a claim
 * that is not understood is no permission.
 */
export function visibleAccounts(claim: unknown): VisibleAccounts {
  const names = namesIn(claim ?? []);
  return names.includes(ALL) ? 'all' : new Set(names);
}

function namesIn(claim: unknown): readonly string[] {
  if (typeof claim === 'string') {
    return claim.split(' ').filter((name) => name !== '');
  }
  if (Array.isArray(claim) && claim.every((name) => typeof name === 'string')) {
    return claim;
  }
  throw new CallerRefusedError('claims');
}
