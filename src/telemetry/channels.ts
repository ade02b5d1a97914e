/**
 * What the gateway tells about itself. Whoever does something publishes here; logs, metrics and traces subscribe from
 * outside. Nobody waits for a subscriber and nothing is built for an event that nobody wants. Events hold no secret, no
 * host and no text of an upstream.
 */
import { channel } from 'node:diagnostics_channel';
import type { UseOrigin } from '../lib/call-scope.ts';
import type { ObservedCall, Waiter } from '../lib/observed-call.ts';

/** One typed channel of node:diagnostics_channel. */
export interface EventChannel<Event extends object> {
  /** Ask before building an event, so that publishing costs nothing when nobody listens. */
  readonly hasSubscribers: boolean;
  publish(event: Event): void;
  /**
   * Calls `listener` inside the publisher's own turn: be quick. One that throws does not disturb the publisher, it ends
   * as an uncaught exception. Returns the way to stop.
   */
  subscribe(listener: (event: Event) => void): () => void;
}

/** Where a call goes. */
interface UpstreamPlace {
  /** The model's `Origin`. */
  readonly origin: {
    readonly source: string;
    readonly account: string;
    readonly region: string;
    readonly bucket: string | null;
  };
  /** The vendor's name of the operation, e.g. `ListJobs`. */
  readonly action: string;
}

/** The facts common to a logical call and to each of its attempts. */
interface UpstreamCallFacts extends UpstreamPlace {
  /** `ok`, a field-level code of contract section 7, `aborted` when the caller left, or `bug`. */
  readonly outcome: string;
  readonly durationMs: number;
  /** The upstream's request id, as far as an answer's headers or an error told it. */
  readonly requestId: string | null;
  readonly upstreamCode: string | null;
}

/** One logical call: waiting, attempts and pauses together. Zero attempts: it was refused before the first. */
export interface UpstreamCallEvent extends UpstreamCallFacts {
  readonly kind: 'call';
  readonly attempts: number;
  /** The waits for the turns of all attempts. */
  readonly waitedMs: number;
  /** How many reads got their answer from this call, or would have. */
  readonly joined: number;
  /** How many jobs it asked for by id; null for any other question. */
  readonly batchSize: number | null;
  /** All that was noted of it, who waited included. */
  readonly call: ObservedCall;
}

/** One attempt of a call, without the wait for its turn. `attempt` counts from 1. */
export interface UpstreamAttemptEvent extends UpstreamCallFacts {
  readonly kind: 'attempt';
  readonly attempt: number;
}

/** The wait of one attempt for its turn: for a slot of its budget, or for a place among the calls of its origin. */
export interface UpstreamWaitEvent extends UpstreamPlace {
  readonly kind: 'wait';
  readonly waitedMs: number;
  /** `refused`: the turn would have come too late, or the upstream hangs. `left`: nobody waited any more. */
  readonly outcome: 'turn' | 'refused' | 'left';
}

export type UpstreamEvent = UpstreamCallEvent | UpstreamAttemptEvent | UpstreamWaitEvent;

/** One event per wait, one per attempt, then one per logical call, as each ends. */
export const upstreamCalls = eventChannel<UpstreamEvent>('jobs-gateway:upstream-calls');

/** A refusal with an error code that the gateway does not know, not even by its category (reliability 5.4). */
export interface UnmappedCodeEvent {
  readonly origin: UpstreamPlace['origin'];
  /** Null when the code has a form that is not shown (reliability 5.6). */
  readonly upstreamCode: string | null;
  readonly httpStatus: number;
}

/** One event per refused attempt. What comes here is missing in the table of error codes. */
export const unmappedCodes = eventChannel<UnmappedCodeEvent>('jobs-gateway:unmapped-codes');

/** An origin's breaker has changed: `open`, its calls are refused; `half-open`, one finds out; `closed`, all go through. */
export interface BreakerChangeEvent {
  readonly origin: UpstreamPlace['origin'];
  readonly state: 'closed' | 'open' | 'half-open';
}

export const breakerChanges = eventChannel<BreakerChangeEvent>('jobs-gateway:breaker-changes');

/** The cache had to do without its Redis for a command, or met something there that no replica wrote. Nobody's answer fails by it. */
export interface CacheFaultEvent {
  /**
   * `timeout`: no reply in time; while those go on nothing is asked, and nothing told, for a second at a time. `refused`: an
   * error reply. `no-connection`: there is none. `bad-value`: what was kept, announced or replied has not the right form.
   */
  readonly kind: 'timeout' | 'refused' | 'no-connection' | 'bad-value';
  readonly command: 'lookup' | 'store' | 'release' | 'prolong' | 'drop' | 'announcement';
  /** The word with which Redis' error begins, such as READONLY; null when there is none. */
  readonly code: string | null;
}

export const cacheFaults = eventChannel<CacheFaultEvent>('jobs-gateway:cache-faults');

/** An operation came whose text no manifest holds, where the operator wants to know of it or does not let it run. */
export interface UnlistedDocumentEvent {
  readonly outcome: 'ran' | 'refused';
  /** As the client gives it. */
  readonly operationName: string | null;
  /** Of the text. */
  readonly sha256: string;
  /** The name that the client gives itself. */
  readonly client: string | null;
}

export const unlistedDocuments = eventChannel<UnlistedDocumentEvent>('jobs-gateway:unlisted-documents');

/** A caller was not let in. Holds nothing of its token. */
export interface RefusedCallerEvent {
  /** A `RefusalReason` of `server/auth/refusal.ts`; `keys-unavailable`: whether its token is good cannot be told. */
  readonly reason: string;
}

export const refusedCallers = eventChannel<RefusedCallerEvent>('jobs-gateway:refused-callers');

/** The keys of the tokens' issuer were read, or could not be. */
export interface KeySetReadEvent {
  readonly outcome: 'ok' | 'timeout' | 'no-connection' | 'bad-answer';
  readonly keys: number;
  readonly durationMs: number;
}

export const keySetReads = eventChannel<KeySetReadEvent>('jobs-gateway:key-set-reads');

/** A client's request, noted while it is served: complete once it has ended. Of what its client wrote it holds names alone. */
export interface SeenRequest extends Waiter {
  readonly method: string;
  /** The endpoint, or `other`: an unknown path may hold anything. */
  readonly path: string;
  /** The name that the client gives itself. */
  readonly client: string | null;
  /** A digest of who asks, as its token says; null without one. */
  readonly subjectDigest: string | null;
  /** The W3C header by which a trace goes on, as the client wrote it: to be checked by whoever reads it. */
  readonly traceparent: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** What was run; null when nothing was. */
  readonly operation: SeenOperation | null;
  /** How the document was asked for; null when it was not looked at. */
  readonly document: 'text' | 'id' | 'id-and-text' | null;
  /** The codes of its errors, each once. */
  readonly codes: readonly string[];
  /** The upstream calls that it waited for, as far as they were told of. */
  readonly calls: readonly ObservedCall[];
  /** Whether a whole answer was given again: then no operation is told. */
  readonly isReplay: boolean;
  /** Of what the answer is made, counted. */
  values(): readonly SeenValues[];
  /** When the oldest of them was fetched; infinity without values. */
  readonly oldestFetchedAtMs: number;
}

export interface SeenOperation {
  readonly type: string;
  /** As the document calls it. */
  readonly name: string | null;
  /** Of the text. */
  readonly sha256: string;
}

/** So many values of one kind that came from one place. */
export interface SeenValues {
  readonly kind: UseOrigin['kind'];
  readonly outcome: UseOrigin['outcome'];
  readonly tier: UseOrigin['tier'] | 'REPLAY';
  readonly count: number;
}

export type RequestEvent =
  | { readonly kind: 'begin'; readonly request: SeenRequest }
  | {
      readonly kind: 'end';
      readonly request: SeenRequest;
      /** Null when the client left before it was answered. */
      readonly status: number | null;
      readonly durationMs: number;
      /** Sent, headers included. */
      readonly bytes: number;
    };

/** Two events per request that comes through a socket: as its headers are there, and as its answer is sent or its client left. */
export const requests = eventChannel<RequestEvent>('jobs-gateway:requests');

/** Spans that will reach no collector. */
export interface LostSpansEvent {
  readonly count: number;
}

export const lostSpans = eventChannel<LostSpansEvent>('jobs-gateway:lost-spans');

/** The process has more to do than it can and refuses requests from now on, or takes all again. */
export interface LoadSheddingEvent {
  readonly state: 'begun' | 'over';
  readonly eventLoopDelayMs: number;
  readonly heapPercent: number;
}

export const loadShedding = eventChannel<LoadSheddingEvent>('jobs-gateway:load-shedding');

function eventChannel<Event extends object>(name: string): EventChannel<Event> {
  const inner = channel(name);
  return {
    get hasSubscribers() {
      return inner.hasSubscribers;
    },
    publish: (event) => {
      inner.publish(event);
    },
    subscribe: (listener) => {
      const onMessage = (message: unknown): void => {
        // Only `publish` above reaches this channel, so what arrives is an Event.
        listener(message as Event);
      };
      inner.subscribe(onMessage);
      return () => {
        inner.unsubscribe(onMessage);
      };
    },
  };
}
