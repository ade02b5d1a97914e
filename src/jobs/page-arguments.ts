import { UserInputError } from '../model/errors.ts';

/** The Relay arguments as a client sent them; absent and null mean the same. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

export interface PageLimits {
  readonly defaultPageSize: number;
  readonly maxPageSize: number;
}

/** How many entries, in which direction, from which cursor. */
export interface PageRequest {
  readonly limit: number;
  readonly backwards: boolean;
  readonly after: string | null;
  readonly before: string | null;
}

/**
 * Checks the Relay arguments (contract section 4): `first` goes with `after`, `last` with `before`, 1 to `maxPageSize`;
 * neither means the first `defaultPageSize`. Throws `UserInputError`.
 */
export function toPageRequest(given: PageArguments, limits: PageLimits): PageRequest {
  const first = given.first ?? null;
  const last = given.last ?? null;
  const after = given.after ?? null;
  const before = given.before ?? null;
  if (first !== null && last !== null) {
    throw new UserInputError('Expected first or last, got both.');
  }
  const backwards = last !== null || (first === null && after === null && before !== null);
  if (backwards ? after !== null : before !== null) {
    throw new UserInputError('Expected first with after, or last with before, got them crossed.');
  }
  const limit = last ?? first ?? limits.defaultPageSize;
  if (limit < 1 || limit > limits.maxPageSize) {
    const name = backwards ? 'last' : 'first';
    throw new UserInputError(`Expected ${name} from 1 to ${limits.maxPageSize}, got ${limit}.`);
  }
  return { limit, backwards, after, before };
}
