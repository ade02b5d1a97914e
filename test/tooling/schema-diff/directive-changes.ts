import { Kind, parse, print, type SelectionSetNode, visit } from 'graphql';
import type { Change } from './change.ts';
import { type Place, placesOf, printUsage, type Usage } from './sdl.ts';

/** A place that both graphs have. */
interface Pair {
  readonly path: string;
  readonly before: Place;
  readonly after: Place;
}

/** Whoever reads or composes with the place can do less when one of these comes to it. */
const BREAKING_WHEN_ADDED = [
  'authenticated',
  'external',
  'inaccessible',
  'oneOf',
  'policy',
  'requiresScopes',
];
/** Changes of these break nobody. */
const SAFE = ['deprecated', 'specifiedBy'];
/** Judged by what they do, not one by one. */
const JUDGED_APART = ['key', 'link', 'shareable'];

/**
 * What changed in the directives of a graph, above all in what other subgraphs of a supergraph rely on: which types are
 * entities and by which keys, and what may be defined by several. A diff of types alone sees none of that.
 */
export function directiveChanges(before: string, after: string): Change[] {
  const old = placesOf(before);
  const now = placesOf(after);
  const pairs = [...old.values()].flatMap((place): Pair[] => {
    const match = now.get(place.path);
    return match === undefined ? [] : [{ path: place.path, before: place, after: match }];
  });
  const added = [...now.values()].filter(({ path }) => !old.has(path));
  return [
    ...linkChanges(old.get('schema'), now.get('schema')),
    ...pairs.flatMap(keyChanges),
    ...sharingChanges(pairs),
    ...added.flatMap((place) => addedFieldChanges(place, old.get(place.parent ?? ''))),
    ...pairs.flatMap(otherChanges),
  ];
}

function linkChanges(before: Place | undefined, after: Place | undefined): Change[] {
  const old = federationUrl(before);
  const now = federationUrl(after);
  if (old === null || old === now) {
    return [];
  }
  return now === null
    ? [
        {
          severity: 'breaking',
          path: 'schema',
          message: 'The @link to federation is gone: composers read the graph as one of Federation 1.',
          advice: 'Link it again.',
        },
      ]
    : [
        {
          severity: 'dangerous',
          path: 'schema',
          message: `The graph is linked to ${now} instead of ${old}: composers that do not know it refuse the graph.`,
        },
      ];
}

function federationUrl(schema: Place | undefined): string | null {
  const urls = (schema?.directives ?? []).flatMap(({ name, args }) =>
    name === 'link' && args['url']?.includes('/federation/') === true ? [args['url']] : [],
  );
  return urls[0] ?? null;
}

function keyChanges({ path, before, after }: Pair): Change[] {
  const old = keysOf(before);
  const now = keysOf(after);
  if (old.size > 0 && now.size === 0) {
    return [
      {
        severity: 'breaking',
        path,
        message: `'${path}' is no entity any more: subgraphs that refer to it no longer compose.`,
        advice: `Keep ${list(old.keys())}.`,
      },
    ];
  }
  const lost = [...old.keys()].filter((fields) => !now.has(fields));
  const unresolvable = [...old].filter(([fields, isResolvable]) => isResolvable && now.get(fields) === false);
  const gained = [...now.keys()].filter((fields) => !old.has(fields));
  return [
    ...lost.map((fields): Change => ({
      severity: 'breaking',
      path,
      message: `The key "${fields}" of '${path}' is gone: subgraphs that refer by it no longer compose.`,
      advice: `Keep @key(fields: "${fields}") beside others.`,
    })),
    ...unresolvable.map(([fields]): Change => ({
      severity: 'breaking',
      path,
      message: `The key "${fields}" of '${path}' is not resolvable any more: nobody can get from other subgraphs to its fields here.`,
      advice: 'Take resolvable: false away.',
    })),
    ...gained.map((fields): Change => ({
      severity: 'safe',
      path,
      message: `'${path}' has the key "${fields}".`,
    })),
  ];
}

/** The fields of each key, in alphabetical order, and whether this subgraph resolves them. */
function keysOf({ directives }: Place): ReadonlyMap<string, boolean> {
  return new Map(
    directives
      .filter(({ name }) => name === 'key')
      .map(({ args }) => [inOrder(args['fields'] ?? '""'), args['resolvable'] !== 'false']),
  );
}

/** `"id account { name }"` → `account { name } id`: the order of a key's fields says nothing. */
function inOrder(printedFields: string): string {
  const selections = parse(`{ ${printedFields.replaceAll(/^"+|"+$/g, '')} }`, { noLocation: true });
  const sorted = visit(selections, {
    SelectionSet: {
      leave: (node): SelectionSetNode => ({
        ...node,
        selections: node.selections.toSorted((a, b) => print(a).localeCompare(print(b))),
      }),
    },
  });
  return print(sorted).replaceAll(/\s+/g, ' ').slice(2, -2);
}

/** One change for a type that lost it as a whole, else one for each field. */
function sharingChanges(pairs: readonly Pair[]): Change[] {
  const byPath = new Map(pairs.map((pair) => [pair.path, pair]));
  const lost = pairs.flatMap(({ path, before, after }) => {
    const type = byPath.get(before.parent ?? '');
    const wasShareable = isShareable(before) || isShareable(type?.before);
    const isStill = isShareable(after) || isShareable(type?.after);
    return before.kind === Kind.FIELD_DEFINITION && wasShareable && !isStill
      ? [type !== undefined && isShareable(type.before) ? type.path : path]
      : [];
  });
  return [...new Set(lost)].map((path) => ({
    severity: 'breaking',
    path,
    message: `'${path}' is not @shareable any more: subgraphs that define it too no longer compose.`,
    advice: 'Keep @shareable.',
  }));
}

/** What a new field of a type that was there does to subgraphs that define the same type. */
function addedFieldChanges({ path, kind }: Place, type: Place | undefined): Change[] {
  if (kind !== Kind.FIELD_DEFINITION || type === undefined || keysOf(type).size > 0) {
    return [];
  }
  if (isShareable(type)) {
    return [
      {
        severity: 'breaking',
        path,
        message: `'${type.path}' is shared by subgraphs that do not have this field: where they give one, a router cannot get it.`,
        advice: `Put it into a type that is ours alone.`,
      },
    ];
  }
  return type.kind === Kind.INTERFACE_TYPE_DEFINITION
    ? [
        {
          severity: 'dangerous',
          path,
          message: `Types of other subgraphs that implement '${type.path}' do not have this field, and then no longer compose.`,
        },
      ]
    : [];
}

function isShareable(place: Place | undefined): boolean {
  return place?.directives.some(({ name }) => name === 'shareable') ?? false;
}

function otherChanges({ path, before, after }: Pair): Change[] {
  const old = othersOf(before);
  const now = othersOf(after);
  return [
    ...[...old].flatMap(([text, { name }]): Change[] =>
      now.has(text)
        ? []
        : [{ severity: severityOf(name, false), path, message: `${text} is gone from '${path}'.` }],
    ),
    ...[...now].flatMap(([text, { name }]): Change[] =>
      old.has(text)
        ? []
        : [
            {
              severity: severityOf(name, true),
              path,
              message: `${text} is on '${path}'.`,
              ...(BREAKING_WHEN_ADDED.includes(name) && { advice: 'Take it away.' }),
            },
          ],
    ),
  ];
}

function othersOf({ directives }: Place): ReadonlyMap<string, Usage> {
  const others = directives.filter(({ name }) => !JUDGED_APART.includes(name));
  return new Map(others.map((usage) => [printUsage(usage), usage]));
}

function severityOf(directive: string, isAdded: boolean): Change['severity'] {
  if (SAFE.includes(directive)) {
    return 'safe';
  }
  return isAdded && BREAKING_WHEN_ADDED.includes(directive) ? 'breaking' : 'dangerous';
}

function list(keys: Iterable<string>): string {
  return [...keys].map((fields) => `@key(fields: "${fields}")`).join(' and ');
}
