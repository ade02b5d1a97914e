import { Agent, errors, request } from 'undici';
import type { Clock } from '../../lib/clock.ts';
import { withTimeLimit } from '../../lib/time-limit.ts';

/** Why the keys could not be read. Names no host. */
export type KeySetFault = 'timeout' | 'no-connection' | 'bad-answer';

export class KeySetError extends Error {
  readonly fault: KeySetFault;

  constructor(fault: KeySetFault, options?: ErrorOptions) {
    super(`the keys of the issuer cannot be read: ${fault}`, options);
    this.name = 'KeySetError';
    this.fault = fault;
  }
}

/** Where the issuer's keys are read. */
export interface KeySetSource {
  /** What the issuer publishes now, as JSON that nobody has checked. Rejects with `KeySetError`; ends in any case. */
  read(): Promise<unknown>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

export interface KeySetSourceOptions {
  readonly url: string;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Large issuers publish some ten keys of 2 KB. */
const MAX_BODY_BYTES = 131_072;
const MAX_HEADER_BYTES = 16_384;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a JWKS by GET, from the configured URL alone: follows no redirect and asks for no compression. */
export function keySetSource({ url, timeoutMs, clock }: KeySetSourceOptions): KeySetSource {
  const agent = new Agent({
    connect: { timeout: timeoutMs },
    maxResponseSize: MAX_BODY_BYTES,
    maxHeaderSize: MAX_HEADER_BYTES,
    connections: 1,
    // Asked every few minutes: a connection that was kept would be gone by then.
    keepAliveTimeout: 1_000,
    keepAliveMaxTimeout: 1_000,
  });
  const closing = new AbortController();
  return {
    read: async () => {
      try {
        return await withTimeLimit({
          clock,
          limitMs: timeoutMs,
          signal: closing.signal,
          timeoutError: () => new KeySetError('timeout'),
          run: (signal) => get(url, agent, signal),
        });
      } catch (error) {
        throw asKeySetError(error);
      }
    },
    close: async () => {
      closing.abort();
      await agent.destroy();
    },
  };
}

async function get(url: string, dispatcher: Agent, signal: AbortSignal): Promise<unknown> {
  const { statusCode, headers, body } = await request(url, {
    dispatcher,
    signal,
    headers: { accept: 'application/jwk-set+json, application/json', 'accept-encoding': 'identity' },
  });
  if (statusCode !== 200 || (headers['content-encoding'] ?? 'identity') !== 'identity') {
    // Read to its end, or the connection would wait for somebody to do so.
    await body.dump({ limit: MAX_BODY_BYTES, signal });
    throw new KeySetError('bad-answer');
  }
  const bytes = await body.bytes();
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    // The parser's message would quote the answer.
    throw new KeySetError('bad-answer');
  }
}

function asKeySetError(error: unknown): KeySetError {
  if (error instanceof KeySetError) {
    return error;
  }
  if (error instanceof errors.ConnectTimeoutError) {
    return new KeySetError('timeout', { cause: error });
  }
  const isOfAnswer =
    error instanceof errors.ResponseExceededMaxSizeError || error instanceof errors.HTTPParserError;
  return new KeySetError(isOfAnswer ? 'bad-answer' : 'no-connection', { cause: error });
}
