import { execute, type ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { unlessAborted } from '../lib/unless-aborted.ts';

/**
 * Has operations executed by graphql-js, which costs less than Yoga’s own executor; that one can answer in parts,
 * which this graph never does. A client that leaves ends the wait at once, and by the same signal every upstream call.
 */
export function useExecution(): Plugin {
  return {
    onExecute: ({ context, setExecuteFn }) => {
      const { signal } = context.request;
      setExecuteFn(async (args: ExecutionArgs) => {
        signal.throwIfAborted();
        return await unlessAborted(Promise.resolve(execute(args)), signal);
      });
    },
  };
}
