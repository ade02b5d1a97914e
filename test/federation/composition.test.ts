import { type ConstDirectiveNode, Kind, parse, print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { printApiSchema, printSubgraphSchema } from '../../src/graphql/schema.ts';
import { clientGraphOf, COMPOSERS, type ComposerName, supergraphBy } from './composers.ts';
import { type ComposedSubgraph, sdlOf } from './subgraphs/other-subgraph.ts';

const FEDERATION =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@interfaceObject", "@external", "@requires"])';

const composed = (name: string, sdl: string): ComposedSubgraph => ({
  name,
  sdl,
  url: `http://${name}/graphql`,
});
const other = (name: string): ComposedSubgraph => composed(name, sdlOf(name));
const imagined = (sdl: string): ComposedSubgraph => composed('imagined', `${FEDERATION}\n${sdl}`);

const jobs = composed('jobs', printSubgraphSchema());
const jobsWithoutNode = composed('jobs', printSubgraphSchema({ relayNode: false }));

const COMPOSER_NAMES = Object.keys(COMPOSERS) as ComposerName[];

/** The codes of what a composer finds wrong, once each. */
function faultCodes(composer: ComposerName, subgraphs: readonly ComposedSubgraph[]): string[] {
  const codes = COMPOSERS[composer](subgraphs).faults.map((fault) => fault.replace(/:.*$/s, ''));
  return [...new Set(codes)];
}

describe.each([
  ['alone', [jobs]],
  ['with a subgraph that adds fields to all jobs', [jobs, other('owners')]],
  ['with one that knows jobs by the products’ own keys', [jobs, other('tickets')]],
  ['with one that knows jobs by their global ids', [jobs, other('incidents')]],
  ['with all of these', [jobs, other('owners'), other('tickets'), other('incidents')]],
  ['without node, with another Relay server', [jobsWithoutNode, other('catalogue')]],
  [
    'without node, with all others',
    [jobsWithoutNode, other('owners'), other('tickets'), other('incidents'), other('catalogue')],
  ],
] as const)('the subgraph %s', (_name, subgraphs) => {
  it.each(COMPOSER_NAMES)('is composed by %s without a fault or a hint', (composer) => {
    const { supergraph, faults, hints } = COMPOSERS[composer](subgraphs);
    expect(faults).toEqual([]);
    expect(hints).toEqual([]);
    expect(supergraph).toContain('@join__graph(name: "jobs", url: "http://jobs/graphql")');
  });

  it('gives clients the same graph, whoever composed it', () => {
    const [first, second] = COMPOSER_NAMES.map((composer) =>
      clientGraphOf(supergraphBy(composer, subgraphs)),
    );
    expect(first).toBe(second);
    expect(first).toContain('type CosJob implements Job & Node');
  });
});

describe('the supergraph', () => {
  it.each(COMPOSER_NAMES)('of the subgraph alone shows clients what the gateway does (%s)', (composer) => {
    const own = composed('jobs', printApiSchema());
    expect(clientGraphOf(supergraphBy(composer, [jobs]))).toBe(clientGraphOf(supergraphBy(composer, [own])));
    expect(clientGraphOf(supergraphBy(composer, [jobs]))).not.toMatch(/_entities|_service|_Any|@key/);
  });

  it.each(COMPOSER_NAMES)('gives every kind of job what an @interfaceObject adds (%s)', (composer) => {
    const graph = clientGraphOf(supergraphBy(composer, [jobs, other('owners')]));
    for (const type of ['interface Job', 'type CosJob', 'type BatchComputeJob', 'type CiJob']) {
      const [, body = ''] = new RegExp(`^${type} [^{]*\\{(.*?)^\\}`, 'ms').exec(graph) ?? [];
      expect(body).toContain('owner: String');
      expect(body).toContain('costCenter: String');
    }
  });

  it.each(COMPOSER_NAMES)('asks the gateway for jobs by all their keys (%s)', (composer) => {
    const supergraph = supergraphBy(composer, [jobs]).replaceAll(/\s+/g, ' ');
    const keysOf = (type: string): string[] => {
      const [, head = ''] = new RegExp(`${type}([^{]*)\\{`).exec(supergraph) ?? [];
      return [...head.matchAll(/key: "([^"]+)"/g)].map(([, key = '']) => key).toSorted();
    };
    expect(keysOf('interface Job')).toEqual(['id']);
    expect(keysOf('type CosJob')).toEqual(['account region jobId', 'id']);
    expect(keysOf('type BatchComputeJob')).toEqual(['account region jobId', 'id']);
    expect(keysOf('type CiJob')).toEqual(['account bucket jobId', 'id']);
  });
});

describe('what fields cost', () => {
  /** Every `@cost` and `@listSize` of a schema, by its field. */
  function costsIn(sdl: string): string[] {
    return parse(sdl).definitions.flatMap((definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION
        ? (definition.fields ?? []).flatMap(({ name, directives = [] }) =>
            directives
              .filter((directive) => ['cost', 'listSize'].includes(directive.name.value))
              .map((directive) => `${definition.name.value}.${name.value} ${normalized(directive)}`),
          )
        : [],
    );
  }

  function normalized(directive: ConstDirectiveNode): string {
    const byName = (directive.arguments ?? []).toSorted((a, b) => a.name.value.localeCompare(b.name.value));
    return print({ ...directive, arguments: byName });
  }

  it.each(COMPOSER_NAMES)('reaches routers with demand control through %s', (composer) => {
    const own = costsIn(jobs.sdl);
    expect(own.filter((cost) => cost.includes('@listSize')).map((cost) => cost.split(' ', 1)[0])).toEqual(
      expect.arrayContaining(['Query.jobs', 'Query.cosJobs', 'Query.batchComputeJobs', 'Query.ciJobs']),
    );
    expect(own.filter((cost) => cost.includes('@cost')).length).toBeGreaterThan(10);
    expect(costsIn(supergraphBy(composer, [jobs, other('owners')])).toSorted()).toEqual(own.toSorted());
  });
});

describe('another Relay server', () => {
  it.each(COMPOSER_NAMES)('cannot be composed with a gateway that has node (%s)', (composer) => {
    expect(faultCodes(composer, [jobs, other('catalogue')])).toEqual(['INVALID_FIELD_SHARING']);
  });

  it('takes nothing from the gateway but node and nodes', () => {
    const without = (sdl: string, fields: RegExp): string[] =>
      parse(sdl).definitions.map((definition) =>
        print(
          definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.name.value === 'Query'
            ? {
                ...definition,
                fields: definition.fields?.filter(({ name }) => !fields.test(name.value)) ?? [],
              }
            : definition,
        ),
      );
    expect(without(jobsWithoutNode.sdl, /^$/)).toEqual(without(jobs.sdl, /^nodes?$/));
    expect(jobsWithoutNode.sdl).not.toMatch(/^ {2}nodes?\(/m);
  });
});

describe('what another subgraph may say of jobs', () => {
  it.each([
    [
      'a field for all jobs, beside another’s',
      `type Job @key(fields: "id") @interfaceObject { id: ID! runbook: String }`,
    ],
    [
      'a field for all jobs that is made of the gateway’s',
      `type Job @key(fields: "id") @interfaceObject { id: ID! displayName: String! @external label: String @requires(fields: "displayName") }`,
    ],
    [
      'a field for COS jobs, by the product’s key',
      `type CosJob @key(fields: "account region jobId") { account: String! region: String! jobId: String! approvedBy: String }`,
    ],
    [
      'a field for COS jobs that is made of the gateway’s',
      `type CosJob @key(fields: "id") { id: ID! roleArn: String @external roleName: String @requires(fields: "roleArn") }`,
    ],
    [
      'a list of jobs, of the types that it knows',
      `type Query { stuck: [Job] } interface Job { id: ID! } type CosJob implements Job @key(fields: "id", resolvable: false) { id: ID! }`,
    ],
    [
      'a list of jobs, with a key that it does not resolve',
      `type Query { stuck: [Job] } interface Job @key(fields: "id", resolvable: false) { id: ID! } type CosJob implements Job @key(fields: "id", resolvable: false) { id: ID! }`,
    ],
  ])('is %s', (_what, sdl) => {
    for (const composer of COMPOSER_NAMES) {
      expect(faultCodes(composer, [jobs, other('owners'), imagined(sdl)])).toEqual([]);
    }
  });

  it.each([
    [
      'Job as an object and a product’s type beside it',
      `type Query { stuck: [Job] } type Job @key(fields: "id") @interfaceObject { id: ID! } type CosJob @key(fields: "id", resolvable: false) { id: ID! }`,
      'INTERFACE_OBJECT_USAGE_ERROR',
    ],
    [
      'Job as an interface with a key and types that it does not resolve',
      `type Query { stuck: [Job] } interface Job @key(fields: "id") { id: ID! } type CosJob implements Job @key(fields: "id", resolvable: false) { id: ID! } type BatchComputeJob implements Job @key(fields: "id", resolvable: false) { id: ID! } type CiJob implements Job @key(fields: "id", resolvable: false) { id: ID! }`,
      'INTERFACE_KEY_NOT_ON_IMPLEMENTATION',
    ],
    [
      'a kind of job of its own',
      `interface Job @key(fields: "id") { id: ID! } type CronJob implements Job @key(fields: "id") { id: ID! }`,
      'INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE',
    ],
    [
      'a PageInfo with fewer fields than Relay’s',
      `type PageInfo @shareable { hasNextPage: Boolean! endCursor: String } type Query { page: PageInfo }`,
      'SATISFIABILITY_ERROR',
    ],
  ])('is not %s', (_what, sdl, code) => {
    expect(faultCodes('apollo', [jobs, imagined(sdl)])).toEqual([code]);
  });
});
