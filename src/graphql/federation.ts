import type { ReferenceResolver, Representation } from '../federation/subgraph.ts';
import { InvalidIdError, InvalidRepresentationError } from '../model/errors.ts';
import { decodeGlobalId, type JobRef } from '../model/global-id.ts';
import type { JobSource } from '../model/origin.ts';
import type { Job } from '../jobs/origins.ts';
import type { GraphContext } from './context.ts';
import { JOB_TYPE_NAMES } from './job.ts';

/**
 * How a router's representations become jobs: by the global id or else by the native key, through the loaders that all
 * fields of a request share. So the representations of a request cost what the same ids cost in `nodes`.
 */
export const jobReferences: Readonly<Record<string, ReferenceResolver<GraphContext>>> = {
  Job: jobBy(globalIdIn),
  [JOB_TYPE_NAMES.COS]: jobBy(keyOf('COS', 'region')),
  [JOB_TYPE_NAMES.BATCH_COMPUTE]: jobBy(keyOf('BATCH_COMPUTE', 'region')),
  [JOB_TYPE_NAMES.CI]: jobBy(keyOf('CI', 'bucket')),
};

/** The object type of an entity: all entities are jobs. */
export function typeNameOfJob(entity: unknown): string {
  return JOB_TYPE_NAMES[(entity as Job).source];
}

/** Null for a representation that is none of the asked type's: that needs no call. */
type RefIn = (representation: Representation) => JobRef | null;

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

function globalIdIn(representation: Representation): JobRef {
  return decodeGlobalId(textIn(representation, 'id'));
}

function keyOf(source: JobSource, place: 'region' | 'bucket'): RefIn {
  return (representation) => {
    if (representation['id'] !== undefined) {
      const ref = globalIdIn(representation);
      return ref.source === source ? ref : null;
    }
    return {
      source,
      account: textIn(representation, 'account'),
      place: textIn(representation, place),
      jobId: textIn(representation, 'jobId'),
    };
  };
}

function textIn(representation: Representation, field: string): string {
  const value = representation[field];
  if (typeof value !== 'string') {
    throw new InvalidRepresentationError(`Expected a representation with a text as its ${field}.`);
  }
  return value;
}
