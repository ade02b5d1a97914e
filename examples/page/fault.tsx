/**
 * What went wrong, as far as a page can act on it. `JobOriginError` of the graph is one; `extensions` of an error of a
 * field say the same.
 */
export interface Fault {
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | null | undefined;
}

/** A request that brought no GraphQL answer at all: the gateway cannot be reached. */
const NO_ANSWER: Fault = { code: 'NO_ANSWER', retryable: true };

/** The fault that an error of GraphQL tells. It came over the wire, so nothing is taken for granted. */
export function faultOf(error: unknown): Fault {
  const { extensions } = (error ?? {}) as { extensions?: Partial<Record<keyof Fault, unknown>> };
  if (typeof extensions?.code !== 'string') {
    return NO_ANSWER;
  }
  return {
    code: extensions.code,
    retryable: extensions.retryable === true,
    retryAfterMs: typeof extensions.retryAfterMs === 'number' ? extensions.retryAfterMs : null,
  };
}

/** One sentence: people need to know whether to wait; the code is for whoever they ask. */
export function FaultText({ fault }: { fault: Fault }) {
  return (
    <span role="alert">
      {fault.retryable ? 'Cannot be read just now, try again' : 'Cannot be read'} ({fault.code})
    </span>
  );
}
