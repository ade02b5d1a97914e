import type { SandboxAccount } from './account.ts';
import { createRandom, type Random } from './random.ts';
import { wholeSecond } from './times.ts';

/** Control over the jobs of one source while it runs. `place`: a region, or a CI bucket's name; an unknown one throws. */
export interface JobControl<NewJob> {
  /** Ids of the jobs that a full listing would return now, in the order of the source's default listing. */
  jobIds(place: string): readonly string[];
  /** Adds a job, created now unless it says otherwise, and returns its id. Throws when the id is taken. */
  add(place: string, job?: NewJob): string;
  /** The job is gone, as after a deletion; an unknown id is ignored. */
  remove(place: string, jobId: string): void;
}

export interface WorldOptions {
  readonly account: SandboxAccount;
  readonly seed: number;
  /** `full`: jobs in every state. `empty`: none. */
  readonly kind: 'full' | 'empty';
  /** Jobs per hour and place that come into being during the first day of a full world. */
  readonly arrivalsPerHour: number;
  readonly now: () => number;
}

/** The source of chance and the start time for making the jobs of one place. */
export function makings(options: WorldOptions, label: string): { random: Random; nowMs: number } {
  return { random: createRandom(options.seed, label), nowMs: wholeSecond(options.now()) };
}

export function placeNamed<Place>(places: ReadonlyMap<string, Place>, name: string): Place {
  const place = places.get(name);
  if (place === undefined) {
    throw new Error(`expected one of ${[...places.keys()].join(', ')}, got ${name}`);
  }
  return place;
}
