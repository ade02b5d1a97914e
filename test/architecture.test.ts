import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { breaches, type SourceTree } from './tooling/import-rules.ts';
import { readSourceTree } from './tooling/source-tree.ts';

describe('the source tree', () => {
  it('keeps its floors and walls', () => {
    const tree = readSourceTree();
    expect(tree.size).toBeGreaterThan(50);
    expect(breaches(tree)).toEqual([]);
  });
});

/** A house in miniature, in which imports go down only. */
const SOUND: Readonly<Record<string, string>> = {
  'lib/clock.ts': `import { inspect } from 'node:util';`,
  'model/job.ts': `import type { Clock } from '../lib/clock.ts';`,
  'telemetry/channels.ts': `import '../lib/clock.ts';`,
  'signature/tc3.ts': `import '../model/job.ts';`,
  'cache/tiers.ts': `import '../telemetry/channels.ts';`,
  'upstream/send.ts': `import { request } from 'undici'; import '../model/job.ts'; import '../telemetry/channels.ts';`,
  'sources/source.ts': `import type { Clock } from '../lib/clock.ts'; import '../cache/tiers.ts';`,
  'sources/cos/model.ts': `import type { Job } from '../../model/job.ts';`,
  'sources/cos/walk.ts': `import '../source.ts'; import './model.ts'; import '../../upstream/send.ts'; import '../../signature/tc3.ts';`,
  'sources/cos/graphql.ts': `import { GraphQLError } from 'graphql'; import './model.ts'; import '../../graphql/builder.ts';`,
  'sources/ci/model.ts': `export interface CiJob {}`,
  'jobs/loaders.ts': `import '../sources/source.ts'; import '../sources/cos/model.ts'; import '../cache/tiers.ts';`,
  'graphql/builder.ts': `import SchemaBuilder from '@pothos/core'; import '../jobs/loaders.ts';`,
  'graphql/schema.ts': `import '../sources/cos/graphql.ts'; import './builder.ts';`,
  'server/health.ts': `import '../graphql/schema.ts';`,
  'telemetry/log.ts': `import './channels.ts'; import '../model/job.ts';`,
  'config.ts': `export const home = process.env['HOME'];`,
  'sandbox/life.ts': `import type { Clock } from '../lib/clock.ts';`,
  'app.ts': `import './config.ts'; import './server/health.ts'; import './sources/cos/walk.ts';`,
  'commands/serve.ts': `import '../app.ts'; import '../sandbox/life.ts';`,
  'cli.ts': `const serve = await import('./commands/serve.ts');`,
  'main.ts': `import './cli.ts';`,
};

/** What is wrong with the sound house after these files were added or changed. */
function breachesWith(changes: Readonly<Record<string, string>>): string[] {
  const tree: SourceTree = new Map(Object.entries({ ...SOUND, ...changes }));
  return breaches(tree);
}

describe('the rules', () => {
  it('find nothing wrong with a sound house', () => {
    expect(breachesWith({})).toEqual([]);
  });

  describe('of the floors', () => {
    it.each([
      ['lib/xml.ts', 'model/job.ts', '0', '1'],
      ['upstream/sign.ts', 'signature/tc3.ts', '2', '2'],
      ['upstream/log.ts', 'telemetry/log.ts', '2', '6'],
      ['sources/ci/client.ts', 'jobs/loaders.ts', '3', '4'],
      ['sources/cos/decode.ts', 'sources/cos/graphql.ts', '3', '5b'],
      ['jobs/read.ts', 'sources/cos/walk.ts', '4', '3'],
      ['jobs/read.ts', 'upstream/retry.ts', '4', '2'],
      ['graphql/job.ts', 'graphql/schema.ts', '5a', '5c'],
      ['graphql/job.ts', 'sources/cos/graphql.ts', '5a', '5b'],
      ['sources/ci/graphql.ts', 'graphql/schema.ts', '5b', '5c'],
      ['sources/ci/graphql.ts', 'sources/ci/walk.ts', '5b', '3'],
      ['server/yoga.ts', 'config.ts', '6', '7'],
      ['config.ts', 'server/health.ts', '7', '6'],
      ['app.ts', 'commands/check.ts', '8', '9'],
      ['commands/check.ts', 'upstream/retry.ts', '9', '2'],
    ])('keep %s from %s', (from, target, level, otherLevel) => {
      const there = { 'upstream/retry.ts': '', 'sources/ci/walk.ts': '', 'commands/check.ts': '' };
      const address = posix.relative(posix.dirname(from), target).replace(/^(?!\.)/, './');
      const [breach, ...others] = breachesWith({ ...there, [from]: `import '${address}';` });
      expect(breach).toContain(`${from}:1 imports ${target}: floor ${level} (`);
      expect(breach).toContain(`does not see floor ${otherLevel}`);
      expect(others).toEqual([]);
    });

    it.each([
      ['a type import', `import type { Job } from '../model/job.ts';`],
      ['an import in a type', `let job: import('../model/job.ts').Job;`],
      ['an import at run time', `await import('../model/job.ts');`],
    ])('hold for %s too', (_, code) => {
      expect(breachesWith({ 'lib/xml.ts': `\n\n${code}` })).toEqual([
        'lib/xml.ts:3 imports model/job.ts: floor 0 (lib/**) does not see floor 1',
      ]);
    });

    it('have a place for every file', () => {
      expect(breachesWith({ 'utils/misc.ts': '' })).toEqual([
        'utils/misc.ts:1 is on no floor: add its folder to test/tooling/house.ts',
      ]);
    });
  });

  describe('of the walls', () => {
    it('keep a source from another source', () => {
      expect(breachesWith({ 'sources/ci/decode.ts': `import '../cos/model.ts';` })).toEqual([
        'sources/ci/decode.ts:1 imports sources/cos/model.ts: a source never imports another source',
      ]);
      expect(breachesWith({ 'sources/ci/graphql.ts': `import '../cos/model.ts';` })).toEqual([
        'sources/ci/graphql.ts:1 imports sources/cos/model.ts: a source never imports another source',
      ]);
    });

    it.each(['graphql', 'graphql/index.js', '@pothos/core', '@graphql-tools/utils'])(
      'keep %s out of everything below the graph',
      (name) => {
        expect(breachesWith({ 'sources/ci/decode.ts': `import type { X } from '${name}';` })).toEqual([
          `sources/ci/decode.ts:1 imports ${name}: no GraphQL below floor 5`,
        ]);
      },
    );

    it.each([
      `const port = process.env['PORT'];`,
      `const port = process['env'].PORT;`,
      `const port = globalThis.process.env.PORT;`,
      `const { env } = process;`,
      `import { env } from 'node:process';`,
    ])('leave the environment to config.ts: %s', (code) => {
      expect(breachesWith({ 'main.ts': code })).toEqual(['main.ts:1 reads the environment']);
    });

    it('let the process be used for anything else', () => {
      expect(
        breachesWith({ 'main.ts': `process.on('SIGTERM', () => process.exit()); const env = options.env;` }),
      ).toEqual([]);
    });

    it('keep the product out of the sandbox', () => {
      expect(breachesWith({ 'sandbox/tc3.ts': `import '../signature/tc3.ts';` })).toEqual([
        'sandbox/tc3.ts:1 imports signature/tc3.ts: the sandbox borrows nothing of the product but lib/clock.ts',
      ]);
    });

    it('keep the sandbox out of the product', () => {
      expect(breachesWith({ 'app.ts': `import './sandbox/life.ts';` })).toEqual([
        'app.ts:1 imports sandbox/life.ts: the product does not know the sandbox',
      ]);
    });
  });

  describe('of every import', () => {
    it('allow no circle, of values or types, and tell each once', () => {
      expect(
        breachesWith({
          'lib/a.ts': `import './b.ts';`,
          'lib/b.ts': `import './c.ts'; import './d.ts';`,
          'lib/c.ts': `import type { A } from './a.ts';`,
          'lib/d.ts': `import './b.ts';`,
        }),
      ).toEqual(['lib/a.ts:1 imports itself in a circle: lib/a.ts → lib/b.ts → lib/c.ts → lib/a.ts']);
    });

    it.each([
      ['no extension', `import './clock';`, 'imports ./clock without its extension'],
      ['another extension', `import './clock.js';`, 'imports ./clock.js without its extension'],
      ['a folder', `import '..';`, 'imports .. without its extension'],
      ['no such file', `import './watch.ts';`, 'imports lib/watch.ts, which does not exist'],
      [
        'tests',
        `import '../../test/support/browser.ts';`,
        'imports test/support/browser.ts: src imports nothing outside src',
      ],
      [
        'a computed address',
        'await import(`./${name}.ts`);',
        'imports a computed address, which no rule can follow',
      ],
      [
        'a name handed on',
        `export { a } from './clock.ts';`,
        'hands on lib/clock.ts: import from the file that defines the thing',
      ],
      [
        'all names handed on',
        `export * from './clock.ts';`,
        'hands on lib/clock.ts: import from the file that defines the thing',
      ],
    ])('tell of %s', (_, code, told) => {
      expect(breachesWith({ 'lib/xml.ts': code })).toEqual([`lib/xml.ts:1 ${told}`]);
    });

    it('allow no barrel', () => {
      expect(breachesWith({ 'lib/index.ts': '' })).toEqual([
        'lib/index.ts:1 is a barrel by its name: name it after what it defines',
      ]);
    });
  });

  it('refuse a file that does not parse', () => {
    expect(() => breachesWith({ 'lib/xml.ts': 'import {' })).toThrow('lib/xml.ts does not parse');
  });
});
