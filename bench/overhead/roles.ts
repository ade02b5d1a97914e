/** The servers that are compared, each with one part more than the one before. */
export const ROLES = {
  bare: 'node:http, undici, sign, decode, stringify',
  onion: '… with the call onion and the sources’ paging and cursors',
  execute: '… with graphql-js executing the graph',
  gateway: '… with Yoga: the gateway as it is served',
} as const;

export type Role = keyof typeof ROLES;
