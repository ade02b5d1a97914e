import { execute, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Has operations executed by graphql-js, which costs less than Yoga’s own executor; that one can answer in parts,
 * which this graph never does. A client that leaves ends the wait at once, and by the same signal every upstream call.
 */
export function useExecution(): Plugin {
  return {
    onExecute: ({ context, setExecuteFn }) => {
      const { signal } = context.request;
      setExecuteFn((args: ExecutionArgs) => executeFor(signal, args));
    },
  };
}

async function executeFor(signal: AbortSignal, args: ExecutionArgs): Promise<ExecutionResult> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([execute(args), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
