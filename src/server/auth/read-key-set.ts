import type { JSONWebKeySet, JWK } from 'jose';
import { Agent, errors, request } from 'undici';
import type { Clock } from '../../lib/clock.ts';
import { withTimeLimit } from '../../lib/time-limit.ts';

/** Why the keys could not be read. */
export type KeySetFault = 'timeout' | 'no-connection' | 'bad-answer';

/** Keys that could not be read. Names no host, and quotes nothing of an answer. */
export class KeySetError extends Error {
  readonly fault: KeySetFault;
  /** What exactly was wrong: a status, what the answer was not, or the network's own short code; null where none is known. */
  readonly detail: string | null;

  constructor(fault: KeySetFault, detail: string | null = null, options?: ErrorOptions) {
    super(`the keys of the issuer cannot be read: ${fault}${detail === null ? '' : ` (${detail})`}`, options);
    this.name = 'KeySetError';
    this.fault = fault;
    this.detail = detail;
  }
}

export interface ReadKeySetOptions {
  /** For the whole exchange. */
  readonly timeoutMs: number;
  /** Aborted: the reading ends. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Large issuers publish some ten keys of 2 KB. */
const MAX_BODY_BYTES = 131_072;
const MAX_HEADER_BYTES = 16_384;
/** No issuer has more in use; each is tried against every token. */
const MAX_KEYS = 100;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The keys that an issuer publishes now, one at least; what is in them nobody has checked. Reads them by GET, from this URL
 * alone: follows no redirect and asks for no compression. Rejects with `KeySetError`; ends in any case, and leaves no
 * connection: the next reading is minutes away.
 */
export async function readKeySet(
  url: string,
  { timeoutMs, signal, clock }: ReadKeySetOptions,
): Promise<JSONWebKeySet> {
  const agent = new Agent({
    connect: { timeout: timeoutMs },
    maxResponseSize: MAX_BODY_BYTES,
    maxHeaderSize: MAX_HEADER_BYTES,
    connections: 1,
  });
  try {
    const answer = await withTimeLimit({
      clock,
      limitMs: timeoutMs,
      signal,
      timeoutError: () => new KeySetError('timeout'),
      run: (cut) => get(url, agent, cut),
    });
    return toKeySet(answer);
  } catch (error) {
    throw asKeySetError(error);
  } finally {
    // Nobody has to wait for its end.
    agent.destroy().catch(() => undefined);
  }
}

async function get(url: string, dispatcher: Agent, signal: AbortSignal): Promise<unknown> {
  const { statusCode, headers, body } = await request(url, {
    dispatcher,
    signal,
    headers: { accept: 'application/jwk-set+json, application/json', 'accept-encoding': 'identity' },
  });
  const encoding = headers['content-encoding'] ?? 'identity';
  if (statusCode !== 200 || encoding !== 'identity') {
    // Nobody listens to its end any more; without a listener it would be thrown.
    body.on('error', () => undefined).destroy();
    throw new KeySetError('bad-answer', statusCode === 200 ? 'compressed' : `status ${statusCode}`);
  }
  const bytes = await body.bytes();
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    // The parser's message would quote the answer.
    throw new KeySetError('bad-answer', 'no JSON');
  }
}

/** A set without keys is an issuer's mishap rather than its will: it must not take the place of a good one. */
function toKeySet(answer: unknown): JSONWebKeySet {
  const keys: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'keys') : null;
  if (!Array.isArray(keys)) {
    throw new KeySetError('bad-answer', 'no set of keys');
  }
  if (keys.length === 0 || keys.length > MAX_KEYS) {
    throw new KeySetError('bad-answer', `${keys.length} keys`);
  }
  if (!keys.every((key) => typeof key === 'object' && key !== null && !Array.isArray(key))) {
    throw new KeySetError('bad-answer', 'keys that are no objects');
  }
  return { keys: keys as JWK[] };
}

function asKeySetError(error: unknown): KeySetError {
  if (error instanceof KeySetError) {
    return error;
  }
  if (error instanceof errors.ConnectTimeoutError) {
    return new KeySetError('timeout', null, { cause: error });
  }
  if (error instanceof errors.ResponseExceededMaxSizeError) {
    return new KeySetError('bad-answer', `more than ${MAX_BODY_BYTES} bytes`, { cause: error });
  }
  if (error instanceof errors.HTTPParserError) {
    return new KeySetError('bad-answer', 'no HTTP', { cause: error });
  }
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
  const fault = error instanceof errors.HeadersOverflowError ? 'bad-answer' : 'no-connection';
  return new KeySetError(fault, code, { cause: error });
}
