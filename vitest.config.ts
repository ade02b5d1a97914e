import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // graphql 16 has no `exports` map: without this our sources would get index.mjs and the libraries index.js,
    // and graphql would complain about "another module or realm".
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Whatever a file tests, it fails when a secret gets out meanwhile.
    setupFiles: ['test/support/secrets-kept/setup.ts'],
    // A process per file: tests open servers, start browsers and set environment variables.
    pool: 'forks',
    // By default one core is left to others, which would be half of a machine with two.
    maxWorkers: '100%',
    // Generous, for a machine with two busy cores: a test that hangs is to be found, not one that is slow.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Whatever a test puts over the environment or over an object is gone for the next one.
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
  },
});
