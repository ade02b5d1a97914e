import { compareVersions, parseVersion } from './version.ts';

/** What a changelog says of one version. */
export interface Section {
  readonly version: string;
  readonly items: number;
}

export interface Changelog {
  /** In their order in the file, which should be newest first. */
  readonly sections: readonly Section[];
  /** What of the file's form is not as `schema/README.md` asks for; one sentence each. */
  readonly faults: readonly string[];
}

/** Reads a changelog: a section `## 1.2.3` for each version, newest first, with items `- …` in it. */
export function readChangelog(text: string): Changelog {
  const parts = text.split(/^## /m).slice(1);
  const sections = parts.map((part) => ({
    version: (part.split('\n', 1)[0] ?? '').trim(),
    items: part.match(/^- \S/gm)?.length ?? 0,
  }));
  return { sections, faults: [...headingFaults(sections), ...itemFaults(sections)] };
}

function headingFaults(sections: readonly Section[]): string[] {
  const unreadable = sections.filter(({ version }) => !isVersion(version));
  if (unreadable.length > 0) {
    return unreadable.map(({ version }) => `The heading "${version}" is no version like 1.2.3.`);
  }
  const versions = sections.map(({ version }) => parseVersion(version));
  return sections.flatMap(({ version }, index) => {
    const [newer, own] = [versions[index - 1], versions[index]];
    const isInOrder = newer === undefined || own === undefined || compareVersions(newer, own) > 0;
    return isInOrder ? [] : [`The section ${version} stands below an older one, or twice: newest first.`];
  });
}

function itemFaults(sections: readonly Section[]): string[] {
  return sections
    .filter(({ items }) => items === 0)
    .map(({ version }) => `The section ${version} has no item: tell what changed, or leave the section out.`);
}

function isVersion(text: string): boolean {
  try {
    parseVersion(text);
    return true;
  } catch {
    return false;
  }
}
