import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Keeps the errors of an answer to a number that somebody may read. What is wrong with a request is told once for all places
 * where it is wrong. Of the errors of fields, each of which stands for a null in the data, the first `maxErrors` are told, and
 * one more says how many of which code are not: nothing is lost without a word. To be listed after what gives errors their
 * codes.
 */
export function useErrorLimit(maxErrors: number): Plugin {
  return {
    onResultProcess: ({ result, setResult }) => {
      if (Array.isArray(result) || !('errors' in result) || (result.errors?.length ?? 0) < 2) {
        return;
      }
      const given = result.errors ?? [];
      const errors = 'data' in result ? given : eachOnce(given);
      setResult({ ...result, errors: errors.length > maxErrors ? shortened(errors, maxErrors) : errors });
    },
  };
}

/** The places in the document of all that say the same, in one. */
function eachOnce(errors: readonly GraphQLError[]): readonly GraphQLError[] {
  const byText = Map.groupBy(errors, ({ message, extensions }) => `${String(extensions['code'])} ${message}`);
  return [...byText.values()].flatMap((same) => (same.length === 1 ? same : inOne(same)));
}

function inOne(same: readonly GraphQLError[]): GraphQLError[] {
  const nodes = same.flatMap((error) => error.nodes ?? []);
  return same.slice(0, 1).map(({ message, extensions }) => new GraphQLError(message, { nodes, extensions }));
}

function shortened(errors: readonly GraphQLError[], maxErrors: number): readonly GraphQLError[] {
  const told = errors.slice(0, maxErrors);
  const rest = errors.slice(maxErrors);
  const leftOut = Object.fromEntries(
    [...Map.groupBy(rest, codeOf)].map(([code, { length }]) => [code, length]),
  );
  const counts = Object.entries(leftOut).map(([code, count]) => `${count} ${code}`);
  const message = `${rest.length} more errors are not told here: ${counts.join(', ')}. Ask for less at once to see each.`;
  const extensions = { ...sharedFacts(rest), leftOut };
  return [...told, new GraphQLError(message, { extensions })];
}

/** The code, and with it the status, of the first that is left out: clients expect one with every error. */
function sharedFacts([first]: readonly GraphQLError[]): Record<string, unknown> {
  const { code, http } = first?.extensions ?? {};
  return http === undefined ? { code } : { code, http };
}

function codeOf({ extensions }: GraphQLError): string {
  return String(extensions['code']);
}
