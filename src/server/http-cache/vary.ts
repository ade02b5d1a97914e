/** What decides about an answer: its form, and whether the client or the router says who it is. */
const NAMES = ['Accept', 'Authorization', 'Router-Authorization'];

/** A `Vary` that names what answers of the graph depend on, besides what it names already. */
export function withVary(given: string | null): string {
  return varyingBy(NAMES, given);
}

/** A `Vary` that has these names besides those that it has already. */
export function varyingBy(names: readonly string[], given: string | null): string {
  if (given === null || given.trim() === '') {
    return names.join(', ');
  }
  const named = given.split(',').map((name) => name.trim().toLowerCase());
  const missing = names.filter((name) => !named.includes(name.toLowerCase()));
  return named.includes('*') ? given : [given, ...missing].join(', ');
}
