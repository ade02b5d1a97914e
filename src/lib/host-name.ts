const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The labels joined by dots; each given label may hold letters, digits and hyphens only. The last look at what came from
 * the configuration before it becomes part of a host (`reliability.md` S8). Throws TypeError.
 */
export function hostName(...labels: readonly string[]): string {
  for (const label of labels) {
    if (!LABEL.test(label)) {
      throw new TypeError('expected lower-case letters, digits and hyphens in each part of a host name');
    }
  }
  return labels.join('.');
}
