import type { JobLoaders } from '../jobs/loaders.ts';
import type { Origins } from '../jobs/origins.ts';
import type { PageLimits } from '../jobs/page-arguments.ts';
import type { ListingLimits } from '../jobs/listing.ts';
import type { Clock } from '../lib/clock.ts';
import type { CallScope } from '../lib/call-scope.ts';

/** What resolvers may use; made anew for each request. */
export interface GraphContext {
  readonly origins: Origins;
  readonly loaders: JobLoaders;
  /** Ends with the client's connection and with the request's deadline. */
  readonly scope: CallScope;
  readonly clock: Clock;
  readonly limits: PageLimits & ListingLimits & { readonly maxNodeIds: number };
}
