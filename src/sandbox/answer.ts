/** What goes onto the wire. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A reply, with what the call record keeps of it. */
export interface Answer {
  readonly reply: Reply;
  /** `OK`, or the vendor's error code. */
  readonly outcome: string;
  readonly requestId: string | null;
}

/** How the reply is handed over; everything but `whole` is a fault. `pausing`: the second half of the body later than the first. */
export type Delivery =
  | { readonly kind: 'whole' | 'never' | 'drop-before' | 'drop-within' }
  | { readonly kind: 'pausing'; readonly pauseMs: number };

export const WHOLE: Delivery = { kind: 'whole' };

/** A refusal by an upstream, thrown by its checks and turned into the vendor's error body in one place. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: string;
  /** Further elements of the error body, such as the server's StringToSign. */
  readonly details: readonly (readonly [name: string, text: string])[];

  constructor(
    status: number,
    code: string,
    message: string,
    details: readonly (readonly [string, string])[] = [],
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}
