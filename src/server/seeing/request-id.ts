import { randomUUID } from 'node:crypto';

/** What a client may call its request: nothing that could break a log line or look like something else. */
const CLEAN_ID = /^[A-Za-z0-9-]{8,64}$/;

/** The id that a client gives its request, where it is a clean one; else a new one. */
export function requestIdOf(given: string | readonly string[] | undefined): string {
  return typeof given === 'string' && CLEAN_ID.test(given) ? given : randomUUID();
}
