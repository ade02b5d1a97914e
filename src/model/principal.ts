/** Which accounts a caller sees, by their names in the configuration: `all`, or these as far as they are configured. */
export type VisibleAccounts = 'all' | ReadonlySet<string>;

/** Who asks, as far as it is known. */
export interface Principal {
  /** A digest of the subject of its token, which tells one from another and nobody's name; null where there is none. */
  readonly subject: string | null;
  readonly accounts: VisibleAccounts;
}

/** Whoever asks a gateway that checks nobody. */
export const ANYBODY: Principal = { subject: null, accounts: 'all' };

/** One who may ask, and sees no account. */
export const WITHOUT_ACCOUNTS: Principal = { subject: null, accounts: new Set() };
