import type { IncomingMessage } from 'node:http';
import type { ObservedCall } from '../../lib/observed-call.ts';
import type { SeenOperation, SeenRequest, SeenValues } from '../../telemetry/channels.ts';
import { clientNameIn } from '../http/caller.ts';
import type { Uses } from '../http-cache/uses.ts';

/** The header by which a client asks to be shown the upstream calls that its request waited for: `1`. */
export const WANTS_CALLS = 'x-upstream-trace';

/** Paths that mean something here. Any other may hold anything, secrets too. */
const PATHS: readonly string[] = ['/graphql', '/health', '/ready', '/metrics'];

/** More codes than this tell nothing more. */
const MAX_CODES = 20;

/** What is noted of one request while it is served. */
export class RequestRecord implements SeenRequest {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly client: string | null;
  readonly traceparent: string | null;
  readonly startedAtMs: number;
  /** Whether the client asks to be shown its upstream calls. */
  readonly wantsCalls: boolean;
  readonly calls: ObservedCall[] = [];
  readonly codes: string[] = [];
  operation: SeenOperation | null = null;
  document: SeenRequest['document'] = null;
  subjectDigest: string | null = null;
  isReplay = false;
  #uses: Uses | null = null;

  constructor({ method = '', url = '', headers }: IncomingMessage, requestId: string, startedAtMs: number) {
    const [path = ''] = url.split('?', 1);
    const { traceparent } = headers;
    this.requestId = requestId;
    this.method = method;
    this.path = PATHS.includes(path) ? path : 'other';
    this.client = clientNameIn(headers);
    this.traceparent = typeof traceparent === 'string' ? traceparent : null;
    this.startedAtMs = startedAtMs;
    this.wantsCalls = headers[WANTS_CALLS] === '1';
  }

  /** `CallScope.onCall`. */
  readonly addCall = (call: ObservedCall): void => {
    if (!call.waiters.has(this)) {
      call.waiters.add(this);
      this.calls.push(call);
    }
  };

  /** What the answer is being made of, and for whom: a digest of the subject of its token. */
  isMadeOf(uses: Uses, subjectDigest: string | null): void {
    this.#uses = uses;
    this.subjectDigest = subjectDigest;
  }

  /** A whole answer was given again. */
  replayed(uses: Uses): void {
    this.#uses = uses;
    this.isReplay = true;
  }

  failed(code: string): void {
    if (this.codes.length < MAX_CODES && !this.codes.includes(code)) {
      this.codes.push(code);
    }
  }

  values(): readonly SeenValues[] {
    if (!this.isReplay) {
      return this.#uses?.counted() ?? [];
    }
    return [{ kind: 'other', outcome: 'CACHED', tier: 'REPLAY', count: this.#uses?.count ?? 0 }];
  }

  get oldestFetchedAtMs(): number {
    return this.#uses?.oldestFetchedAtMs ?? Number.POSITIVE_INFINITY;
  }
}

/** The records of the requests that are being served. A request that nobody notes has none. */
export class RequestRecords {
  readonly #records = new WeakMap<IncomingMessage, RequestRecord>();

  of(incoming: IncomingMessage | undefined): RequestRecord | undefined {
    return incoming === undefined ? undefined : this.#records.get(incoming);
  }

  add(incoming: IncomingMessage, record: RequestRecord): void {
    this.#records.set(incoming, record);
  }
}
