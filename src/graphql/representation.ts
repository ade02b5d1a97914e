import { InvalidRepresentationError } from '../model/errors.ts';
import { decodeGlobalId, type JobRef } from '../model/global-id.ts';
import type { JobSource } from '../model/origin.ts';
import { JOB_TYPE_NAMES } from './job.ts';

/**
 * The job that a router's representation names. Null for one that is none of the asked type's: that needs no call. Throws
 * `InvalidIdError` or `InvalidRepresentationError` when no key of its type is there.
 */
export type RefIn = (representation: Readonly<Record<string, unknown>>) => JobRef | null;

/** By the names of the types with a key: the global id, or else the native key. */
export const REFS_OF_ENTITIES: Readonly<Record<string, RefIn>> = {
  Job: globalIdIn,
  [JOB_TYPE_NAMES.COS]: keyOf('COS', 'region'),
  [JOB_TYPE_NAMES.BATCH_COMPUTE]: keyOf('BATCH_COMPUTE', 'region'),
  [JOB_TYPE_NAMES.CI]: keyOf('CI', 'bucket'),
};

function globalIdIn(representation: Readonly<Record<string, unknown>>): JobRef {
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

function textIn(representation: Readonly<Record<string, unknown>>, field: string): string {
  const value = representation[field];
  if (typeof value !== 'string') {
    throw new InvalidRepresentationError(`Expected a representation with a text as its ${field}.`);
  }
  return value;
}
