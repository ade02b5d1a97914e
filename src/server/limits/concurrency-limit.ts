import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

const RETRY_AFTER_SECONDS = 1;

/**
 * Refuses an operation while so many others run (503): what a process cannot do in time it should not begin. A request counts
 * from when it has been read, so slow clients take nobody's place, until its answer is there. Answers that are kept whole
 * never come here, and cost no place.
 */
export function useConcurrencyLimit(maxOperations: number): Plugin {
  let running = 0;
  return {
    onParams: ({ paramsHandler, setParamsHandler }) => {
      setParamsHandler(async (payload) => {
        if (running >= maxOperations) {
          throw busy(maxOperations);
        }
        running += 1;
        try {
          return await paramsHandler(payload);
        } finally {
          running -= 1;
        }
      });
    },
  };
}

function busy(limit: number): GraphQLError {
  return new GraphQLError(`The gateway runs ${limit} operations, as many as it may. Ask again in a second.`, {
    extensions: {
      code: 'REQUEST_CONCURRENCY_LIMITED',
      limit,
      retryAfterMs: RETRY_AFTER_SECONDS * 1_000,
      http: { status: 503, headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } },
    },
  });
}
