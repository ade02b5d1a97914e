import type { SecretKind } from './known-secrets.ts';

/** What no client, no log and no collector is to see, by what it is. Each is a valid value of its kind. */
export const CANARIES = {
  secretId: 'AKIDcanary7secret7id7one0000000000001',
  secretKey: 'canary7secret7key7two00000000000001/+=',
  sessionToken: 'canary7session7token7three0000000001',
  appId: '7070717273',
  uin: '707071727374',
  routerSecret: 'canary7router7secret7four00000001',
  clientToken: 'canary7client7token7five000000001',
  variable: 'canary7variable7six000000000001',
  redisPassword: 'canary7redis7password7eight0000000001',
} as const;

/** Those that no test ever gives out; the numbers of an account are in a bucket's name, and a variable is its client's. */
export const KIND_OF_CANARY: Readonly<Partial<Record<keyof typeof CANARIES, SecretKind>>> = {
  secretId: 'SecretId',
  secretKey: 'SecretKey',
  sessionToken: 'session token',
  routerSecret: 'router secret',
  clientToken: 'bearer token',
  redisPassword: 'Redis password',
};
