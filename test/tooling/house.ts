/**
 * The floors of the house: which folder may import which. Imports go down; a folder may always look around in itself.
 * This table is the one place where a floor is given away; `import-rules.ts` reads it, `../architecture.test.ts` holds
 * the code to it.
 *
 * All paths are below `src/`. A file lives on the first floor whose `files` hold it. Packages and node are open to every
 * floor, GraphQL from the `graphFloor` upwards only.
 */
export interface Floor {
  readonly level: string;
  /** Glob patterns. */
  readonly files: readonly string[];
  /** Glob patterns of what the floor may import besides its own files. */
  readonly sees: readonly string[];
}

/** What the three sources fulfil. */
const SOURCE_CONTRACT = 'sources/source.ts';

export const FLOORS: readonly Floor[] = [
  { level: '0', files: ['lib/**'], sees: [] },

  { level: '1', files: ['model/**'], sees: ['lib/**'] },
  { level: '1', files: ['telemetry/channels.ts'], sees: ['lib/**'] },

  { level: '2', files: ['signature/**'], sees: ['model/**', 'lib/**', 'telemetry/channels.ts'] },
  { level: '2', files: ['upstream/**'], sees: ['model/**', 'lib/**', 'telemetry/channels.ts'] },
  { level: '2', files: ['cache/**'], sees: ['model/**', 'lib/**', 'telemetry/channels.ts'] },

  // The upper storey: in its source's folder, but on the graph's floor. Before floor 3, whose pattern holds it too.
  {
    level: '5b',
    files: ['sources/*/graphql.ts', 'sources/*/graphql-*.ts'],
    sees: ['sources/*/model.ts', 'graphql/!(query|federation|schema).ts', 'model/**', 'lib/**'],
  },

  {
    level: '3',
    files: ['sources/*.ts'],
    sees: ['upstream/**', 'cache/**', 'model/**', 'lib/**'],
  },
  {
    level: '3',
    files: ['sources/*/**'],
    sees: ['sources/*.ts', 'signature/**', 'upstream/**', 'cache/**', 'model/**', 'lib/**'],
  },

  {
    level: '4',
    files: ['jobs/**'],
    sees: [SOURCE_CONTRACT, 'sources/*/model.ts', 'cache/**', 'model/**', 'lib/**', 'telemetry/channels.ts'],
  },

  // What any subgraph is made with: it knows federation and nothing of jobs.
  { level: '5a', files: ['federation/**'], sees: ['model/errors.ts'] },
  {
    level: '5c',
    files: ['graphql/{query,federation,schema}.ts'],
    sees: [
      'graphql/**',
      'federation/**',
      'sources/*/graphql.ts',
      'jobs/**',
      SOURCE_CONTRACT,
      'model/**',
      'lib/**',
    ],
  },
  { level: '5a', files: ['graphql/**'], sees: ['jobs/**', 'model/**', 'lib/**'] },

  {
    level: '6',
    files: ['server/**'],
    sees: ['graphql/**', 'jobs/**', 'model/**', 'lib/**', 'telemetry/channels.ts'],
  },
  {
    level: '6',
    files: ['telemetry/**'],
    sees: ['graphql/**', 'jobs/**', 'model/**', 'lib/**', 'telemetry/channels.ts'],
  },

  { level: '7', files: ['config.ts', 'config-*.ts'], sees: ['model/**', 'lib/**'] },
  {
    level: '8',
    files: ['app.ts', 'live-app.ts', 'wiring.ts', 'caching.ts', 'budgets.ts', 'credentials.ts'],
    sees: ['!(sandbox|commands)/**', 'config.ts', 'config-digest.ts'],
  },

  // A command is a front door of its own beside the server: it uses what the composition root hands out and may name it,
  // but opens no connection and signs no request itself.
  {
    level: '9',
    files: ['commands/**'],
    sees: [
      'app.ts',
      'live-app.ts',
      'wiring.ts',
      'config.ts',
      'sandbox/**',
      'server/**',
      'graphql/schema.ts',
      'jobs/**',
      SOURCE_CONTRACT,
      'telemetry/**',
      'model/**',
      'lib/**',
    ],
  },
  { level: '9', files: ['cli.ts'], sees: ['commands/**', 'app.ts', 'config.ts', 'model/**', 'lib/**'] },
  { level: '9', files: ['main.ts'], sees: ['cli.ts', 'commands/**', 'app.ts', 'config.ts', 'lib/**'] },

  // The side building: a simulator that borrowed the signer would agree with any mistake in it.
  { level: 'beside', files: ['sandbox/**'], sees: ['lib/clock.ts'] },
];

/** Below this level nothing knows that there is a graph. */
export const GRAPH_LEVEL = '5';

/** Packages that are GraphQL, by the beginning of their names. */
export const GRAPHQL_PACKAGES = [
  'graphql',
  '@graphql-',
  '@pothos/',
  '@escape.tech/graphql-',
  '@apollo/',
] as const;

/** The one reader of the environment. */
export const ENVIRONMENT_READER = 'config.ts';
