import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { estimateCalls } from '../../graphql/estimate/estimate.ts';

/**
 * Refuses, before any call, an operation that may cost more than so many upstream calls (reliability G19). By a plugin of ours
 * and not by Pothos' for complexity: that one adds up fields and multiplies by lists, which can say neither that a hundred
 * ids are one call, nor that all details of a job are one, nor that the same job is read once under two aliases.
 */
export function useCostLimit(maxUpstreamCalls: number): Plugin {
  return {
    onExecute: ({ args, setResultAndStopExecution }) => {
      const cost = estimateCalls(args);
      if (cost > maxUpstreamCalls) {
        setResultAndStopExecution({ errors: [tooExpensive(maxUpstreamCalls, cost)] });
      }
    },
  };
}

function tooExpensive(limit: number, cost: number): GraphQLError {
  return new GraphQLError(
    `Expected an operation that may cost at most ${limit} upstream calls, got one that may cost ${cost}. Ask for fewer jobs at once, or leave out the fields that cost a call for each job.`,
    { extensions: { code: 'COST_ESTIMATED_TOO_EXPENSIVE', limit, cost, http: { status: 400, spec: true } } },
  );
}
