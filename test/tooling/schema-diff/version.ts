/** A version of the package: `<major>.<minor>.<patch>`, nothing behind it. */
export type Version = readonly [major: number, minor: number, patch: number];

/** Throws when the text is no version, or one of a preliminary release. */
export function parseVersion(text: string): Version {
  const [, major, minor, patch] = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(text) ?? [];
  if (major === undefined) {
    throw new TypeError(`Expected a version like 1.2.3, found ${text}.`);
  }
  return [Number(major), Number(minor), Number(patch)];
}

export function printVersion(version: Version): string {
  return version.join('.');
}

/** Negative when the first is older, 0 when they are the same. */
export function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** The lowest version after one that may break with it (semver.org, points 4 and 8). */
export function nextIncompatible([major, minor]: Version): Version {
  return major === 0 ? [0, minor + 1, 0] : [major + 1, 0, 0];
}

export function nextCompatible([major, minor, patch]: Version): Version {
  return major === 0 ? [0, minor, patch + 1] : [major, minor + 1, 0];
}
