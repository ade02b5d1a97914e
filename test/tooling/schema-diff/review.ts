import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readChangelog } from './changelog.ts';
import type { Change } from './change.ts';
import { changesBetween } from './changes-between.ts';
import {
  compareVersions,
  nextCompatible,
  nextIncompatible,
  parseVersion,
  printVersion,
  type Version,
} from './version.ts';

export interface ReviewOptions {
  /** With `subgraph.graphql`, `CHANGELOG.md` and `releases/`. */
  readonly folder: string;
  /** Of the package. */
  readonly version: string;
  /** Whether to keep the graph as the one of that version, when nothing speaks against it. */
  readonly release: boolean;
}

interface Release {
  readonly version: Version;
  readonly sdl: string;
}

/**
 * Compares the graph with that of the last release and prints what changed. Gives whether it may go on like this: a
 * breaking change needs an incompatible version, any change a new one and a section in the changelog.
 */
export async function reviewGraph(
  { folder, version: versionText, release }: ReviewOptions,
  print: (line: string) => void,
): Promise<boolean> {
  const version = parseVersion(versionText);
  const sdl = readFileSync(join(folder, 'subgraph.graphql'), 'utf8');
  const last = lastRelease(folder);
  const { changes, descriptions } =
    last === null ? { changes: [], descriptions: 0 } : await changesBetween(last.sdl, sdl);

  print(titleOf(last, changes, descriptions));
  changes.flatMap(linesOf).forEach((line) => print(line));

  const problems = [
    ...(last === null && !release ? [`There is no release to compare with. ${RELEASE_ADVICE}`] : []),
    ...(last === null ? [] : versionProblems(last.version, version, changes)),
    ...changelogProblems(folder, version, changes),
  ];
  if (problems.length > 0) {
    problems.forEach((problem) => print(`\n${problem}`));
    return false;
  }
  return release ? keepRelease(folder, { version, sdl }, print) : true;
}

const RELEASE_ADVICE = 'Make the first: npm run schema:diff -- --release';

/** The newest by its version, not by its date. Null when there is none. */
function lastRelease(folder: string): Release | null {
  const releases = join(folder, 'releases');
  const names = existsSync(releases) ? readdirSync(releases) : [];
  const newest = names
    .map((name) => parseVersion(name.replace(/\.graphql$/, '')))
    .toSorted(compareVersions)
    .at(-1);
  return newest === undefined
    ? null
    : { version: newest, sdl: readFileSync(releasePath(folder, newest), 'utf8') };
}

function releasePath(folder: string, version: Version): string {
  return join(folder, 'releases', `${printVersion(version)}.graphql`);
}

function titleOf(last: Release | null, changes: readonly Change[], descriptions: number): string {
  if (last === null) {
    return 'schema/subgraph.graphql: no release yet.';
  }
  const count = (severity: Change['severity']): number =>
    changes.filter((change) => change.severity === severity).length;
  const counts = [
    ...(['breaking', 'dangerous', 'safe'] as const).map((severity) => `${count(severity)} ${severity}`),
    `${descriptions} in descriptions alone`,
  ];
  return changes.length + descriptions === 0
    ? `schema/subgraph.graphql is the graph of ${printVersion(last.version)}.`
    : `schema/subgraph.graphql differs from ${printVersion(last.version)}, the last release: ${counts.join(', ')}.`;
}

function linesOf({ severity, path, message, advice }: Change): string[] {
  const label = severity === 'breaking' ? 'BREAKING' : severity;
  return [
    `${label.padEnd(10)} ${path}: ${message}`,
    ...(advice === undefined ? [] : [`${' '.repeat(10)} ${advice}`]),
  ];
}

function versionProblems(last: Version, version: Version, changes: readonly Change[]): string[] {
  const [now, then] = [printVersion(version), printVersion(last)];
  if (compareVersions(version, last) < 0) {
    return [`package.json says ${now}, which is older than the last release, ${then}.`];
  }
  const incompatible = nextIncompatible(last);
  if (changes.some(({ severity }) => severity === 'breaking') && compareVersions(version, incompatible) < 0) {
    return [
      `Breaking changes need an incompatible version: undo them, or raise the version of package.json from ${now} to ${printVersion(incompatible)}.`,
    ];
  }
  return changes.length > 0 && compareVersions(version, last) === 0
    ? [
        `${then} is released, and stays what it is: raise the version of package.json to ${printVersion(nextCompatible(last))}.`,
      ]
    : [];
}

function changelogProblems(folder: string, version: Version, changes: readonly Change[]): string[] {
  const { sections, faults } = readChangelog(readFileSync(join(folder, 'CHANGELOG.md'), 'utf8'));
  const newest = sections[0]?.version;
  const isTold = changes.length === 0 || newest === printVersion(version);
  return [
    ...faults.map((fault) => `schema/CHANGELOG.md: ${fault}`),
    ...(isTold
      ? []
      : [
          `schema/CHANGELOG.md begins with ${newest ?? 'no version'}: begin it with a section "## ${printVersion(version)}" that tells these changes.`,
        ]),
  ];
}

/** A release that is there is never written over: others were composed with it. */
function keepRelease(folder: string, { version, sdl }: Release, print: (line: string) => void): boolean {
  const path = releasePath(folder, version);
  const name = `schema/releases/${printVersion(version)}.graphql`;
  if (existsSync(path)) {
    const isSame = readFileSync(path, 'utf8') === sdl;
    print(
      isSame ? `${name} is there already.` : `\n${name} is there and differs: a release stays what it is.`,
    );
    return isSame;
  }
  mkdirSync(join(folder, 'releases'), { recursive: true });
  writeFileSync(path, sdl);
  print(`${name} is written.`);
  return true;
}
