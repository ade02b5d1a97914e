import type { CallScope } from '../../lib/call-scope.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Origin } from '../../model/origin.ts';
import type { KeptStretches } from '../kept-stretches.ts';
import type { Kept, OriginCache } from '../origin-cache.ts';
import type { BatchComputeCondition } from './client.ts';
import type { BatchComputeJob, BatchComputeJobDetail } from './model.ts';
import type { BatchComputeWholeListing } from './whole-listing.ts';
import type { ReadWindow } from './window.ts';

/** What the scans of one origin share. */
export interface ScanGround {
  readonly origin: Origin;
  readonly clock: Clock;
  readonly cache: OriginCache<BatchComputeJob, BatchComputeJobDetail>;
  readonly stretches: KeptStretches<BatchComputeJob>;
  /** Reads the windows of a listing on behalf of whoever waits. */
  readonly readBy: (conditions: readonly BatchComputeCondition[], scope: CallScope) => ReadWindow;
  /** The whole listing, known or read. */
  readonly readWhole: (scope: CallScope) => Promise<Kept<BatchComputeWholeListing>>;
  /** Whether the upstream's order was by time when the whole listing was last read; true before. */
  isNewestFirst: boolean;
}
