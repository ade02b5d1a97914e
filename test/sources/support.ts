/** What the tests of the sources share: origins, recorded answers, and a wire that records what is asked of it. */
import { readFileSync } from 'node:fs';
import { UpstreamError } from '../../src/model/errors.ts';
import type { Origin } from '../../src/model/origin.ts';
import type { CallScope } from '../../src/lib/call-scope.ts';
import type { Send, UpstreamRequest, UpstreamResponse } from '../../src/upstream/send.ts';

export const COS_ORIGIN: Origin = { source: 'COS', account: 'media', region: 'ap-guangzhou', bucket: null };
export const CI_ORIGIN: Origin = {
  source: 'CI',
  account: 'media',
  region: 'ap-shanghai',
  bucket: 'media-1250000000',
};
export const BATCH_COMPUTE_ORIGIN: Origin = {
  source: 'BATCH_COMPUTE',
  account: 'media',
  region: 'ap-guangzhou',
  bucket: null,
};

export const FETCHED_AT = '2026-03-04T05:06:07.089Z';

/** A documented body; where each comes from stands in the `SOURCES.md` beside it. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

/** An answer with that body, received at `FETCHED_AT`. */
export function anAnswer(body: string, change: Partial<UpstreamResponse> = {}): UpstreamResponse {
  return { status: 200, headers: {}, body, receivedAtMs: Date.parse(FETCHED_AT), ...change };
}

export function aScope(signal = new AbortController().signal): CallScope {
  return { signal, deadlineMs: Date.now() + 5_000 };
}

/** What was asked of the wire, without what reads the answer. */
export type SentRequest = Omit<
  UpstreamRequest<unknown>,
  'decode' | 'requestIdIn' | 'batchSize' | 'lateBody' | 'notes'
>;

/** The wire: answers each request with what `reply` gives for it, and records it. */
export class FakeWire {
  readonly sent: SentRequest[] = [];
  readonly #reply: (request: SentRequest) => UpstreamResponse | Promise<UpstreamResponse>;

  constructor(reply: (request: SentRequest) => UpstreamResponse | Promise<UpstreamResponse>) {
    this.#reply = reply;
  }

  readonly send: Send = async (request, scope) => {
    scope.signal.throwIfAborted();
    const { decode, requestIdIn: _id, batchSize: _size, lateBody, ...rest } = request;
    // Whoever has a late body counts on a wait for the turn, however short.
    await Promise.resolve();
    const sent = { ...rest, body: lateBody?.() ?? rest.body };
    this.sent.push(sent);
    return decode(await this.#reply(sent));
  };
}

/** The error of something that must fail with an `UpstreamError`. */
export function upstreamErrorOf(run: () => unknown): UpstreamError {
  try {
    run();
  } catch (error) {
    if (error instanceof UpstreamError) {
      return error;
    }
    throw error;
  }
  throw new Error('expected an UpstreamError');
}
