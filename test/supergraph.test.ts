import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { composeServices as apollo } from '@apollo/composition';
import { composeServices as theGuild } from '@theguild/federation-composition';
import { buildSchema, type GraphQLSchema, isInterfaceType, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { readConfig } from '../src/config.ts';

const PATH = join(import.meta.dirname, '..', 'schema', 'supergraph.yaml');

/** As rover reads it. */
interface SupergraphConfig {
  readonly federation_version: string;
  readonly subgraphs: Readonly<
    Record<string, { readonly routing_url: string; readonly schema: { readonly file: string } }>
  >;
}

const config = parseYaml(readFileSync(PATH, 'utf8')) as SupergraphConfig;
const services = Object.entries(config.subgraphs).map(([name, { routing_url: url, schema }]) => ({
  name,
  url,
  sdl: readFileSync(join(dirname(PATH), schema.file), 'utf8'),
}));

const COMPOSERS = { '@apollo/composition': apollo, '@theguild/federation-composition': theGuild };

/** The supergraph; fails with the composer's words when there is none. */
function compose(composer: keyof typeof COMPOSERS): { schema: GraphQLSchema; sdl: string } {
  const { errors, supergraphSdl = '' } = COMPOSERS[composer](
    services.map(({ sdl, ...service }) => ({ ...service, typeDefs: parse(sdl) })),
  );
  expect(errors?.map(({ message }) => message) ?? []).toEqual([]);
  return { schema: buildSchema(supergraphSdl, { assumeValidSDL: true }), sdl: supergraphSdl };
}

describe('schema/supergraph.yaml', () => {
  it('sends routers to where the gateway listens by default', () => {
    const { host, port } = readConfig({}, () => expect.fail('a file was read')).server;
    expect(config.subgraphs['jobs']?.routing_url).toBe(`http://${host}:${port}/graphql`);
  });

  it('asks for a composer that knows the federation version of each subgraph', () => {
    const [, version] = /^=(\d+\.\d+)\.\d+$/.exec(config.federation_version) ?? [];
    const linked = services.map(
      ({ sdl }) => /specs\.apollo\.dev\/federation\/v([\d.]+)/.exec(sdl)?.[1] ?? 'none',
    );
    expect(linked).toEqual(services.map(() => version));
  });

  describe.each(Object.keys(COMPOSERS) as (keyof typeof COMPOSERS)[])('composed by %s', (composer) => {
    it('gives every job the field of the other subgraph', () => {
      const { schema } = compose(composer);
      const job = schema.getType('Job');
      const jobs = isInterfaceType(job) ? [job, ...schema.getPossibleTypes(job)] : [];
      expect(jobs.map(({ name }) => name).toSorted()).toEqual(['BatchComputeJob', 'CiJob', 'CosJob', 'Job']);
      expect(jobs.map((type) => String(type.getFields()['owner']?.type))).toEqual(jobs.map(() => 'String'));
    });

    it('tells routers who is where', () => {
      const { sdl } = compose(composer);
      for (const { name, url } of services) {
        expect(sdl).toContain(`@join__graph(name: "${name}", url: "${url}")`);
      }
    });
  });
});

describe('the commands of schema/README.md', () => {
  const readme = readFileSync(join(dirname(PATH), 'README.md'), 'utf8');
  const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );

  it('name files that exist', () => {
    const files = commands.flatMap((command) => command.match(/schema\/[\w.]+\.\w+/g) ?? []);
    expect(files.length).toBe(commands.length);
    expect(files.filter((file) => !existsSync(join(dirname(PATH), '..', file)))).toEqual([]);
  });

  it('publish the subgraph under the name that it is composed with', () => {
    const publishing = commands.filter((command) => /\b(check|publish)\b/.test(command));
    const names = publishing.map(
      (command) => /(?:--name|--service|subgraph (?:check|publish)) (?!<)(\w+)/.exec(command)?.[1],
    );
    expect(names.length).toBe(6);
    expect(new Set(names)).toEqual(new Set(services.slice(0, 1).map(({ name }) => name)));
  });
});
