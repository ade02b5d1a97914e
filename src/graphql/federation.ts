import type { ReferenceResolver } from '../federation/subgraph.ts';
import { InvalidIdError, InvalidRepresentationError } from '../model/errors.ts';
import type { Job } from '../jobs/origins.ts';
import type { GraphContext } from './context.ts';
import { JOB_TYPE_NAMES } from './job.ts';
import { REFS_OF_ENTITIES, type RefIn } from './representation.ts';

/**
 * How a router's representations become jobs: by the global id or else by the native key, through the loaders that all
 * fields of a request share. So the representations of a request cost what the same ids cost in `nodes`.
 */
export const jobReferences: Readonly<Record<string, ReferenceResolver<GraphContext>>> = Object.fromEntries(
  Object.entries(REFS_OF_ENTITIES).map(([type, refIn]) => [type, jobBy(refIn)]),
);

/** The object type of an entity: all entities are jobs. */
export function typeNameOfJob(entity: unknown): string {
  return JOB_TYPE_NAMES[(entity as Job).source];
}

function jobBy(refIn: RefIn): ReferenceResolver<GraphContext> {
  return async (representation, { loaders }) => {
    try {
      const ref = refIn(representation);
      return ref === null ? null : await loaders.job(ref);
    } catch (error) {
      throw error instanceof InvalidIdError ? new InvalidRepresentationError(error.message) : error;
    }
  };
}
