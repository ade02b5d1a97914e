/**
 * What a change does to those who use the graph as it was. Breaking: queries that were right are wrong now, or the
 * supergraph no longer composes. Dangerous: they may be surprised by an answer, or another team by its composition.
 */
export type Severity = 'breaking' | 'dangerous' | 'safe';

export interface Change {
  readonly severity: Severity;
  /** Where: `CosJob.roleArn`. */
  readonly path: string;
  readonly message: string;
  /** What to do instead. */
  readonly advice?: string;
}
