import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeServices } from '@apollo/composition';
import {
  type ASTNode,
  buildSchema,
  findBreakingChanges,
  type GraphQLSchema,
  Kind,
  parse,
  print,
  type TypeDefinitionNode,
  visit,
} from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Severity } from './schema-diff/change.ts';
import { readChangelog } from './schema-diff/changelog.ts';
import { changesBetween } from './schema-diff/changes-between.ts';
import { reviewGraph } from './schema-diff/review.ts';
import { ROOT } from './source-tree.ts';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@interfaceObject", "@inaccessible"])\n';

/** A graph in small. */
const GRAPH = `${LINK}
type Query { job(id: ID!, verbose: Boolean = false): Job  copies(first: Int, filter: CopyFilter): CopyPage! }
interface Node { id: ID! }
interface Job implements Node @key(fields: "id") { id: ID!  status: Status! }
"A copy."
type Copy implements Job & Node @key(fields: "id") @key(fields: "account place { region }") {
  id: ID!  status: Status!  account: String!  place: Place!  size: Int
}
type Place { region: String! }
type CopyPage { nodes: [Copy!]!  page: PageInfo! }
type PageInfo @shareable { next: String }
input CopyFilter { status: Status }
enum Status { RUNNING FAILED }
`;

/** The severities and places of what a replacement in the graph changes. */
async function changesOf(found: string | RegExp, replacement: string): Promise<[Severity, string][]> {
  const { changes } = await changesBetween(GRAPH, edited(GRAPH, found, replacement));
  return changes.map(({ severity, path }) => [severity, path]);
}

function edited(text: string, found: string | RegExp, replacement: string): string {
  const result = text.replace(found, replacement);
  expect(result, `${found} is in the text`).not.toBe(text);
  return result;
}

describe('changes of a graph', () => {
  it('are none where nothing but the order of types, fields and keys differs', async () => {
    const reordered = parse(GRAPH);
    const turned = visit(reordered, {
      ObjectTypeDefinition: (node) => ({
        ...node,
        fields: node.fields?.toReversed() ?? [],
        directives: node.directives?.toReversed() ?? [],
      }),
    });
    const sdl = print({ ...turned, definitions: turned.definitions.toReversed() });
    const keyTurned = edited(sdl, 'account place { region }', 'place { region } account');
    expect(await changesBetween(GRAPH, keyTurned)).toEqual({ changes: [], descriptions: 0 });
  });

  it('are counted apart where they are in descriptions alone', async () => {
    expect(await changesBetween(GRAPH, edited(GRAPH, 'A copy.', 'A copying.'))).toEqual({
      changes: [],
      descriptions: 1,
    });
  });

  const cases: readonly [name: string, found: string, replacement: string, changes: [Severity, string][]][] =
    [
      ['a field is gone', 'size: Int', '', [['breaking', 'Copy.size']]],
      ['a field may be null', 'place: Place!', 'place: Place', [['breaking', 'Copy.place']]],
      ['an argument is required', 'first: Int', 'first: Int!', [['breaking', 'Query.copies.first']]],
      ['a default differs', '= false', '= true', [['dangerous', 'Query.job.verbose']]],
      ['an enum value is gone', 'RUNNING ', '', [['breaking', 'Status.RUNNING']]],
      ['an enum value is new', 'RUNNING', 'RUNNING PAUSED', [['dangerous', 'Status.PAUSED']]],
      ['a field is new', 'size: Int', 'size: Int  weight: Int', [['safe', 'Copy.weight']]],
      ['a field is deprecated', 'size: Int', 'size: Int @deprecated', [['safe', 'Copy.size']]],
      ['a field is hidden', 'size: Int', 'size: Int @inaccessible', [['breaking', 'Copy.size']]],
      [
        'an input has a new field',
        '{ status: Status }',
        '{ status: Status  size: Int }',
        [['safe', 'CopyFilter.size']],
      ],
      [
        'an input field is required',
        '{ status: Status }',
        '{ status: Status! }',
        [['breaking', 'CopyFilter.status']],
      ],
      ['a type is no node any more', 'Job & Node @key', 'Job @key', [['breaking', 'Copy']]],
      [
        'a new type implements an interface',
        'type Place',
        'type Move implements Node { id: ID! } type Place',
        [
          ['dangerous', 'Move'],
          ['safe', 'Move'],
        ],
      ],
      [
        'an interface comes with its type',
        'type Place',
        'interface Thing { id: ID! } type Move implements Thing { id: ID! } type Place',
        [
          ['safe', 'Move'],
          ['safe', 'Move'],
          ['safe', 'Thing'],
        ],
      ],
      [
        'an interface that others may implement has a new field',
        'interface Node { id: ID! }',
        'interface Node { id: ID!  seen: Int }',
        [['dangerous', 'Node.seen']],
      ],
      ['another version of federation is linked', 'v2.9', 'v2.11', [['dangerous', 'schema']]],
      ['federation is not linked any more', LINK, '', [['breaking', 'schema']]],
      ['a key is new', 'type Place', 'type Place @key(fields: "region")', [['safe', 'Place']]],
    ];

  it.each(cases)('are found when %s', async (_name, found, replacement, expected) => {
    expect((await changesOf(found, replacement)).map(String).toSorted()).toEqual(expected.map(String));
  });

  it('come with what to do instead where they are breaking', async () => {
    const sdl = edited(GRAPH, 'size: Int', '')
      .replace('first: Int', 'first: Int!')
      .replace('"id")', '"status")');
    const { changes } = await changesBetween(GRAPH, sdl);
    const breaking = changes.filter(({ severity }) => severity === 'breaking');
    expect(breaking.length).toBeGreaterThan(2);
    expect(breaking.filter(({ advice }) => advice === undefined)).toEqual([]);
  });
});

describe('what other subgraphs rely on', () => {
  /** What each of them does with the graph, and the change that ends it. */
  const neighbours: readonly [
    name: string,
    found: string | RegExp,
    replacement: string,
    place: string,
    sdl: string,
  ][] = [
    [
      'a key that they refer by',
      '@key(fields: "account place { region }")',
      '',
      'Copy',
      'type Copy @key(fields: "account place { region }", resolvable: false) { account: String!  place: Place! } type Place @shareable { region: String! } type Query { copy: Copy @shareable }',
    ],
    [
      'a key that is resolvable',
      '@key(fields: "id") @key(fields: "account',
      '@key(fields: "id", resolvable: false) @key(fields: "account',
      'Copy',
      'type Copy @key(fields: "id", resolvable: false) { id: ID! } type Query { copy: Copy @shareable }',
    ],
    [
      'an interface that is an entity',
      'interface Job implements Node @key(fields: "id")',
      'interface Job implements Node',
      'Job',
      'type Job @key(fields: "id") @interfaceObject { id: ID!  owner: String } type Query { owned: Job }',
    ],
    [
      'a type that several may define',
      'PageInfo @shareable',
      'PageInfo',
      'PageInfo',
      'type PageInfo @shareable { next: String } type Query { page: PageInfo! @shareable }',
    ],
    [
      'the fields of a type that several define',
      'next: String',
      'next: String  previous: String',
      'PageInfo.previous',
      'type PageInfo @shareable { next: String } type Query { page: PageInfo! @shareable }',
    ],
  ];

  /** Shared where another may define it too, as in the gateway. */
  const shared = GRAPH.replace('type Place', 'type Place @shareable');

  it.each(neighbours)(
    'is %s: without it the supergraph breaks, and so says the diff',
    async (_name, found, replacement, place, sdl) => {
      const after = edited(shared, found, replacement);
      expect(compositionErrors(shared, LINK + sdl)).toEqual([]);
      expect(compositionErrors(after, LINK + sdl)).not.toEqual([]);

      const { changes } = await changesBetween(shared, after);
      expect(changes).toContainEqual(expect.objectContaining({ severity: 'breaking', path: place }));
    },
  );

  function compositionErrors(...sdls: readonly string[]): string[] {
    const services = sdls.map((sdl, index) => ({ name: `s${index}`, url: '', typeDefs: parse(sdl) }));
    return (composeServices(services).errors ?? []).map(({ message }) => message);
  }
});

describe('what GraphQL itself calls breaking', () => {
  it.each(withoutOneThing(GRAPH))('is breaking here too: without $name', async ({ sdl }) => {
    const isBreaking = findBreakingChanges(schemaOf(GRAPH), schemaOf(sdl)).length > 0;
    const { changes } = await changesBetween(GRAPH, sdl);
    expect(isBreaking).toBe(true);
    expect(changes[0]?.severity).toBe('breaking');
  });

  function schemaOf(sdl: string): GraphQLSchema {
    return buildSchema(sdl, { assumeValidSDL: true });
  }
});

describe('a review', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'schema-review-'));
    mkdirSync(join(folder, 'releases'));
    write('subgraph.graphql', GRAPH);
    write('releases/0.9.0.graphql', edited(GRAPH, 'size: Int', 'size: Int! weight: Int'));
    write('releases/0.10.2.graphql', GRAPH);
    write('CHANGELOG.md', '# Changes\n\n## 0.10.2\n\n- This.\n\n## 0.9.0\n\n- That.\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(path: string, text: string): void {
    writeFileSync(join(folder, path), text);
  }

  /** Puts a section for a version on top. */
  function tell(version: string, items = '- A change.\n'): void {
    write('CHANGELOG.md', `# Changes\n\n## ${version}\n\n${items}\n## 0.10.2\n\n- This.\n`);
  }

  async function review(version: string, release = false): Promise<{ mayGoOn: boolean; text: string }> {
    const lines: string[] = [];
    const mayGoOn = await reviewGraph({ folder, version, release }, (...printed) =>
      lines.push(printed.join(' ')),
    );
    return { mayGoOn, text: lines.join('\n') };
  }

  it('compares with the release of the highest version', async () => {
    expect(await review('0.10.2')).toEqual({
      mayGoOn: true,
      text: 'schema/subgraph.graphql is the graph of 0.10.2.',
    });
  });

  it('refuses a breaking change until the version is an incompatible one', async () => {
    write('subgraph.graphql', edited(GRAPH, 'size: Int', ''));
    tell('0.10.3');
    const refused = await review('0.10.3');
    expect(refused.mayGoOn).toBe(false);
    expect(refused.text).toMatch(/^BREAKING +Copy\.size: .*\.\n +Keep it, .*\.\n\n/m);
    expect(refused.text).toContain('raise the version of package.json from 0.10.3 to 0.11.0');

    tell('0.11.0');
    const passed = await review('0.11.0');
    expect(passed.text).toMatch(/^BREAKING +Copy\.size: /m);
    expect(passed.mayGoOn).toBe(true);
  });

  it('wants a major version for a breaking change from 1.0 on', async () => {
    write('releases/1.2.3.graphql', GRAPH);
    write('subgraph.graphql', edited(GRAPH, 'size: Int', ''));
    tell('1.3.0');
    expect((await review('1.3.0')).text).toContain('from 1.3.0 to 2.0.0');
    tell('2.0.0');
    expect((await review('2.0.0')).mayGoOn).toBe(true);
  });

  it('wants a version of its own for any change of the graph, and its section in the changelog', async () => {
    write('subgraph.graphql', edited(GRAPH, 'size: Int', 'size: Int weight: Int'));
    expect((await review('0.10.2')).text).toContain('raise the version of package.json to 0.10.3');
    const untold = await review('0.10.3');
    expect(untold.mayGoOn).toBe(false);
    expect(untold.text).toContain('begin it with a section "## 0.10.3"');
    tell('0.10.3', '');
    expect((await review('0.10.3')).text).toContain('The section 0.10.3 has no item');
    tell('0.10.3');
    expect((await review('0.10.3')).mayGoOn).toBe(true);
  });

  it('lets descriptions be mended without a new version', async () => {
    write('subgraph.graphql', edited(GRAPH, 'A copy.', 'A copying.'));
    const { mayGoOn, text } = await review('0.10.2');
    expect(text).toContain('1 in descriptions alone');
    expect(mayGoOn).toBe(true);
  });

  it('refuses a version before the last release', async () => {
    expect((await review('0.10.1')).text).toContain('older than the last release, 0.10.2');
  });

  it('says what is missing where there is no release yet, and makes the first', async () => {
    rmSync(join(folder, 'releases'), { recursive: true });
    const none = await review('0.11.0');
    expect(none.mayGoOn).toBe(false);
    expect(none.text).toContain('npm run schema:diff -- --release');

    expect((await review('0.11.0', true)).mayGoOn).toBe(true);
    expect(readFileSync(join(folder, 'releases', '0.11.0.graphql'), 'utf8')).toBe(GRAPH);
    expect((await review('0.11.0')).mayGoOn).toBe(true);
  });

  it('keeps a release as it is, whoever wants to write it again', async () => {
    expect((await review('0.10.2', true)).mayGoOn).toBe(true);
    write('subgraph.graphql', edited(GRAPH, 'A copy.', 'A copying.'));
    const again = await review('0.10.2', true);
    expect(again.mayGoOn).toBe(false);
    expect(again.text).toContain('a release stays what it is');
    expect(readFileSync(join(folder, 'releases', '0.10.2.graphql'), 'utf8')).toBe(GRAPH);
  });

  it('makes no release of what it refuses', async () => {
    write('subgraph.graphql', edited(GRAPH, 'size: Int', ''));
    tell('0.10.3');
    expect((await review('0.10.3', true)).mayGoOn).toBe(false);
    expect(() => readFileSync(join(folder, 'releases', '0.10.3.graphql'))).toThrow('ENOENT');
  });
});

describe('the changelog of the graph', () => {
  it('has a section with items for each version, newest first', () => {
    const { sections, faults } = readChangelog(readFileSync(join(ROOT, 'schema', 'CHANGELOG.md'), 'utf8'));
    expect(faults).toEqual([]);
    expect(sections.length).toBeGreaterThan(0);
  });

  it.each([
    ['a heading that is no version', '## Unreleased\n\n- This.\n', /"Unreleased" is no version/],
    ['a preliminary version', '## 1.0.0-rc.1\n\n- This.\n', /"1\.0\.0-rc\.1" is no version/],
    [
      'an older version first',
      '## 0.9.0\n\n- This.\n\n## 0.10.0\n\n- That.\n',
      /0\.10\.0 stands below an older one/,
    ],
    [
      'a version twice',
      '## 0.9.0\n\n- This.\n\n## 0.9.0\n\n- That.\n',
      /0\.9\.0 stands below an older one, or twice/,
    ],
    ['a section without an item', '## 0.9.0\n\nThis.\n', /0\.9\.0 has no item/],
  ])('is refused with %s', (_name, text, fault) => {
    expect(readChangelog(`# Changes\n\n${text}`).faults).toEqual([expect.stringMatching(fault)]);
  });
});

/** The SDL as often as it has fields, arguments, enum values and interfaces, each time without one of them. */
function withoutOneThing(sdl: string): { name: string; sdl: string }[] {
  const document = parse(sdl, { noLocation: true });
  const things: { name: string; node: ASTNode }[] = [];
  visit(document, {
    FieldDefinition: (node) => void things.push({ name: `field ${node.name.value}`, node }),
    InputValueDefinition: (node) => void things.push({ name: `argument ${node.name.value}`, node }),
    EnumValueDefinition: (node) => void things.push({ name: `value ${node.name.value}`, node }),
    ObjectTypeDefinition: (node) => interfacesOf(node),
    InterfaceTypeDefinition: (node) => interfacesOf(node),
  });
  return things.flatMap(({ name, node }) => {
    const rest = visit(document, { enter: (other) => (other === node ? null : undefined) });
    // GraphQL has no type without a field.
    const isWhole = rest.definitions.every(
      (definition) =>
        !('fields' in definition && definition.fields?.length === 0) &&
        !('values' in definition && definition.values?.length === 0),
    );
    return isWhole ? [{ name, sdl: print(rest) }] : [];
  });

  function interfacesOf({
    interfaces,
    name,
  }: TypeDefinitionNode & { interfaces?: readonly ASTNode[] }): void {
    for (const node of interfaces ?? []) {
      things.push({ name: `${node.kind === Kind.NAMED_TYPE ? node.name.value : ''} of ${name.value}`, node });
    }
  }
}
