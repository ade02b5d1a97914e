/**
 * What routers with demand control are told of what a field costs (the directives `@cost` and `@listSize` of federation
 * v2.9). The unit of a weight is one upstream call, at worst: what is known costs none, and calls are shared.
 */

/** Of a field that may cost so many upstream calls for each object that it is asked of. */
export function upstreamCalls(weight: number): { readonly cost: readonly { readonly weight: number }[] } {
  return { cost: [{ weight }] };
}

/** Of a connection: how many jobs its page has, by which arguments, when none says so by default. */
export function pageOf(slicingArguments: readonly ('first' | 'last')[]): {
  readonly listSize: readonly object[];
} {
  return {
    listSize: [
      {
        assumedSize: 20,
        slicingArguments,
        sizedFields: ['edges', 'nodes'],
        requireOneSlicingArgument: false,
      },
    ],
  };
}
