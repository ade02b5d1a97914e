import { buildConnector, Pool } from 'undici';
import type { Dispatcher } from 'undici';
import type { Clock } from '../lib/clock.ts';
import { UpstreamError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { badResponse } from './answer.ts';
import type { Readiness } from './turns/limiter.ts';
import { unlessAborted } from '../lib/unless-aborted.ts';
import { networkError } from './network-error.ts';
import { requestTarget } from './request-target.ts';
import type { CallScope } from '../lib/call-scope.ts';
import type { Send, UpstreamRequest, UpstreamResponse } from './send.ts';
import { withSmallReads } from './small-reads.ts';
import { SpareConnection } from './spare-connection.ts';

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
  /**
   * The host of an origin whose calls are paced by the moment they leave. Such a call is sent only over a connection that was
   * made before, by `readiness`; without one it fails and nothing is sent. Absent: a call makes its connection itself.
   */
  readonly pacedHost?: string | undefined;
}

export interface HttpSend {
  readonly send: Send;
  readonly readiness: Readiness;
  /** Cuts every connection, at once; calls in flight reject with `UPSTREAM_UNAVAILABLE`. Later calls too. */
  readonly close: () => Promise<void>;
}

const MAX_HEADER_BYTES = 16_384;
/** The upstreams send about ten. */
const MAX_HEADER_LINES = 200;
/** Answers of status 1xx before the real one: lawful, and nobody's business here; an endless run of them is an attack. */
const MAX_INTERIM_ANSWERS = 8;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The innermost Send: one exchange over HTTP/1.1, and then `request.decode`. Follows no redirect and asks for no
 * compression. Time limits are the business of the layers around it, which also turn away from a call that is still
 * waiting for a connection: undici notices an abort only once the request has one.
 *
 * Over TLS the peer must hold a certificate for the name in the Host header, also when `endpoint` is another address.
 */
export function createHttp(options: HttpOptions): HttpSend {
  const { origin, endpoint, limits, pacedHost } = options;
  const connect = withSmallReads(
    buildConnector({
      // Explicit, so that no environment variable can switch it off.
      rejectUnauthorized: true,
      allowH2: false,
      timeout: limits.connectTimeoutMs,
    }),
  );
  const spare =
    pacedHost === undefined ? null : new SpareConnection({ endpoint, serverName: pacedHost, connect });
  const pool = createPool(options, spare?.connector ?? connect);
  return {
    send: async (request, scope) => request.decode(await exchange(pool, options, request, scope)),
    readiness: {
      isReady: () => spare === null || spare.isReady || pool.stats.free > 0,
      makeReady: async (signal) => {
        await madeReady(origin, spare, signal);
      },
    },
    close: async () => {
      spare?.close();
      await pool.destroy();
    },
  };
}

async function madeReady(origin: Origin, spare: SpareConnection | null, signal: AbortSignal): Promise<void> {
  try {
    await unlessAborted(spare?.make() ?? Promise.resolve(), signal);
  } catch (error) {
    signal.throwIfAborted();
    throw networkError(origin, error);
  }
}

function createPool({ endpoint, limits }: HttpOptions, connect: buildConnector.connector): Pool {
  return new Pool(endpoint, {
    connections: limits.connections,
    maxResponseSize: limits.maxBodyBytes,
    maxHeaderSize: MAX_HEADER_BYTES,
    pipelining: 1,
    // The caps and the error codes that we rely on are those of undici's HTTP/1.1 client.
    allowH2: false,
    connect,
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
    const answer = await pool.request({
      method: request.method,
      path,
      headers,
      body: request.body,
      signal,
      onInfo: refuseEndlessInterim(origin),
    });
    const head = { status: answer.statusCode, headers: joinRepeated(answer.headers) };
    refuseUnread(origin, head, answer);
    const bytes = await bytesOf(answer);
    return { ...head, body: readText(origin, head, bytes), receivedAtMs: clock.now() };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof UpstreamError ? error : networkError(origin, error);
  }
}

type Head = Pick<UpstreamResponse, 'status' | 'headers'>;

/** What it throws ends the exchange and the connection (reliability U8). */
function refuseEndlessInterim(origin: Origin): (info: { readonly statusCode: number }) => void {
  let left = MAX_INTERIM_ANSWERS;
  return ({ statusCode }) => {
    left -= 1;
    if (left < 0) {
      throw badResponse(origin, 'it does not come to its point', { status: statusCode, headers: {} });
    }
  };
}

/** Throws for what must not be read further, and then cuts the connection rather than leave it dripping. */
function refuseUnread(origin: Origin, head: Head, answer: Dispatcher.ResponseData): void {
  const lines = Object.values(answer.headers).flat().length;
  const complaint = lines > MAX_HEADER_LINES ? 'it has too many headers' : complaintAbout(head);
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
  const transfer = headers['transfer-encoding']?.trim().toLowerCase() ?? '';
  return ['', 'identity'].includes(encoding) && ['', 'chunked'].includes(transfer)
    ? null
    : 'it is compressed although that was not asked for';
}

/** Read as a stream, which joins small chunks as they come: 4 MiB in chunks of one byte would be a gigabyte of objects. */
async function bytesOf({ body }: Dispatcher.ResponseData): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of body) {
    parts.push(part as Uint8Array);
  }
  return Buffer.concat(parts);
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
