import type { Answer, Refusal } from './answer.ts';
import type { CallFacts, UpstreamName } from './call-log.ts';
import type { ReceivedRequest } from './received-request.ts';

/** One simulated service: what a request asks for, the honest answer to it, and the service's way of refusing. */
export interface Upstream {
  readonly name: UpstreamName;
  facts(request: ReceivedRequest): CallFacts;
  /** Throws a Refusal when the service would refuse. */
  answer(request: ReceivedRequest, nowMs: number): Answer;
  refuse(request: ReceivedRequest, refusal: Refusal, nowMs: number): Answer;
  /** The status that the service gives this code when a fault rule names none. */
  statusOf(code: string): number;
  expiredToken(): Refusal;
}
