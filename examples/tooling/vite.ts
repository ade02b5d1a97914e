import { transformAsync } from '@babel/core';
import { join } from 'node:path';
import type { InlineConfig, Plugin } from 'vite';

export const EXAMPLES = ['relay', 'apollo-client', 'urql'] as const;
export type Example = (typeof EXAMPLES)[number];

/**
 * How vite builds and serves an example. The page asks `/graphql` of the server that it came from, which passes it on to
 * the gateway: the gateway allows no other origin (CORS) to read from it, and needs not to where a proxy stands before both.
 */
export function exampleConfig(example: Example, gatewayUrl: string): InlineConfig {
  const proxy = { '/graphql': gatewayUrl };
  return {
    configFile: false,
    root: join(import.meta.dirname, '..', example),
    plugins: example === 'relay' ? [relayDocuments()] : [],
    server: { proxy },
    preview: { proxy },
  };
}

/** Puts what relay-compiler wrote in the place of each `graphql` text, and leaves TypeScript and JSX to vite. */
function relayDocuments(): Plugin {
  return {
    name: 'relay-documents',
    enforce: 'pre',
    async transform(code, path) {
      if (!path.endsWith('.tsx') || !code.includes('graphql`')) {
        return null;
      }
      const done = await transformAsync(code, {
        babelrc: false,
        configFile: false,
        filename: path,
        sourceMaps: true,
        parserOpts: { plugins: ['typescript', 'jsx'] },
        plugins: [['relay', { eagerEsModules: true }]],
      });
      return { code: done?.code ?? code, map: done?.map ?? null };
    },
  };
}
