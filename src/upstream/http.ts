import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import type { Clock } from '../lib/clock.ts';
import { UpstreamError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { badResponse } from './answer.ts';
import { networkError } from './network-error.ts';
import { requestTarget } from './request-target.ts';
import type { CallScope, Send, UpstreamRequest, UpstreamResponse } from './send.ts';

export interface HttpLimits {
  readonly connectTimeoutMs: number;
  /** Cap on a body while it is read; a larger one is cut off and refused. */
  readonly maxBodyBytes: number;
  /** Connections to this origin; one origin that hangs cannot take those of another. */
  readonly connections: number;
}

export interface HttpOptions {
  readonly origin: Origin;
  /** Where to connect: scheme, host and port only. Host header, path and signature stay those that the signer gave. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly limits: HttpLimits;
}

export interface HttpSend {
  readonly send: Send;
  /** Cuts every connection, at once; calls in flight reject with `UPSTREAM_UNAVAILABLE`. Later calls too. */
  readonly close: () => Promise<void>;
}

const MAX_HEADER_BYTES = 16_384;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The innermost Send: one exchange over HTTP/1.1, and then `request.decode`. Follows no redirect and asks for no
 * compression. Time limits are the business of the layers around it, which also turn away from a call that is still
 * waiting for a connection: undici notices an abort only once the request has one.
 *
 * Over TLS the peer must hold a certificate for the name in the Host header, also when `endpoint` is another address.
 */
export function createHttp(options: HttpOptions): HttpSend {
  const pool = createPool(options);
  return {
    send: async (request, scope) => request.decode(await exchange(pool, options, request, scope)),
    close: () => pool.destroy(),
  };
}

function createPool({ endpoint, limits }: HttpOptions): Pool {
  return new Pool(endpoint, {
    connections: limits.connections,
    connectTimeout: limits.connectTimeoutMs,
    maxResponseSize: limits.maxBodyBytes,
    maxHeaderSize: MAX_HEADER_BYTES,
    pipelining: 1,
    // The caps and the error codes that we rely on are those of undici's HTTP/1.1 client.
    allowH2: false,
    // Explicit, so that no environment variable can switch it off.
    connect: { rejectUnauthorized: true },
  });
}

async function exchange(
  pool: Pool,
  { origin, clock }: HttpOptions,
  request: UpstreamRequest<unknown>,
  { signal }: CallScope,
): Promise<UpstreamResponse> {
  const path = requestTarget(request);
  const headers = { ...request.headers, 'accept-encoding': 'identity' };
  try {
    signal.throwIfAborted();
    const answer = await pool.request({ method: request.method, path, headers, body: request.body, signal });
    const head = { status: answer.statusCode, headers: joinRepeated(answer.headers) };
    refuseUnread(origin, head, answer);
    const bytes = await answer.body.bytes();
    return { ...head, body: readText(origin, head, bytes), receivedAtMs: clock.now() };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof UpstreamError ? error : networkError(origin, error);
  }
}

type Head = Pick<UpstreamResponse, 'status' | 'headers'>;

/** Throws for what must not be read further, and then cuts the connection rather than leave it dripping. */
function refuseUnread(origin: Origin, head: Head, answer: Dispatcher.ResponseData): void {
  const complaint = complaintAbout(head);
  if (complaint !== null) {
    // Destroying it makes it emit an error that nobody else would listen to.
    answer.body.on('error', () => undefined).destroy();
    throw badResponse(origin, complaint, head);
  }
}

function complaintAbout({ status, headers }: Head): string | null {
  if (status >= 300 && status < 400) {
    // Following it would hand the session token to whatever host it names (reliability T1).
    return 'it redirects, and redirects are never followed; check the configured region and endpoint';
  }
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  return encoding === '' || encoding === 'identity'
    ? null
    : 'it is compressed although that was not asked for';
}

function joinRepeated(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries<string>(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function readText(origin: Origin, head: Head, bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw badResponse(origin, 'its text is not UTF-8', head);
  }
}
