import type { z } from 'zod';
import { type Draft, showPath } from './config-draft.ts';
import type { ManifestFile } from './config-manifests.ts';
import { isLoopback } from './config-addresses.ts';
import { configSchema } from './config-schema.ts';

/** One line per fault of a key: what it is called, the form expected and, unless it is a secret, the value found. */
export function describeIssue(issue: z.core.$ZodIssue, draft: Draft): string[] {
  const path = issue.path.map(String);
  const key = nameOf(path, draft);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((unknown) => `${showPath([...path, unknown])}: unknown key`);
  }
  const value = at(draft.raw, ...path);
  if (value === undefined) {
    return [`${key}: expected a value, got nothing`];
  }
  const expected = issue.message.startsWith('Invalid input')
    ? issue.message.slice('Invalid input: '.length)
    : issue.message;
  return [`${key}: ${expected}, got ${showAt(path, draft)}`];
}

/** What a key is called by whoever set it. */
export function nameOf(path: readonly string[], draft: Draft): string {
  for (let length = path.length; length > 0; length -= 1) {
    const variable = draft.variables.get(path.slice(0, length).join('.'));
    if (variable !== undefined) {
      return variable;
    }
  }
  return showPath(path);
}

/** The keys whose values may be shown: a secret put anywhere else by mistake is not printed either. */
const SHOWN =
  /^(accounts\.\d+\.(name|appId|uin|(cos|batchCompute)\.regions(\.\d+)?|\w+\.endpoint|batchCompute\.requestsPerSecond|ci\.buckets\.\d+\.(name|region))|documents\.manifests\.\d+|server\.cors\.origins\.\d+|auth\.(algorithms\.\d+|\w+(Ms|Seconds|Length|Tokens))|(server|fleet|log|deadlines|documents|limits|sandbox)\.\w+)$/;

/** Addresses in which somebody may have put a password. */
const MAY_HOLD_CREDENTIALS = /\.(endpoint|origins\.\d+)$/;

/** The value at a key as a fault may tell it: itself where that is safe, else only what kind of thing it is. */
function showAt(path: readonly string[], draft: Draft): string {
  const key = path.join('.');
  const value = at(draft.raw, ...path);
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'a list' : 'a mapping';
  }
  if (value === '') {
    return 'an empty value';
  }
  if (draft.filledIn.has(key)) {
    return 'what the environment filled in';
  }
  if (!SHOWN.test(key) || (MAY_HOLD_CREDENTIALS.test(key) && String(value).includes('@'))) {
    return 'a value that is not shown';
  }
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/**
 * Faults that only the whole shows. Looks at the draft and not at what the schema made of it, so that they are reported
 * together with the faults of single keys; what has the wrong type here is reported there.
 */
export function crossFaults(draft: Draft, isSandbox: boolean): string[] {
  const accounts = list(at(draft.raw, 'accounts'));
  return [
    ...repeated(
      accounts.map((_account, index) => ['accounts', String(index), 'name']),
      draft,
    ).map((name) => `accounts: expected each account name once, got ${name} again`),
    ...repeated(
      accounts.flatMap((account, index) =>
        list(at(account, 'ci', 'buckets')).map((_bucket, place) => [
          'accounts',
          String(index),
          'ci',
          'buckets',
          String(place),
          'name',
        ]),
      ),
      draft,
    ).map((bucket) => `accounts: expected each bucket once, got ${bucket} again`),
    ...accounts.flatMap((account, index) => accountFaults(account, index, draft)),
    ...orderFaults(draft),
    ...fleetFaults(draft),
    ...documentsFaults(draft),
    ...authFaults(draft),
    ...(isSandbox ? [] : exposureFaults(draft)),
  ];
}

function accountFaults(account: unknown, index: number, draft: Draft): string[] {
  const key = (...names: string[]): string =>
    names.map((name) => nameOf(['accounts', String(index), name], draft)).join(', ');
  const isOfEnvironment = draft.variables.has('accounts.0.secretId');
  const places = ['cos', 'batchCompute', 'ci'].filter((name) => at(account, name) !== undefined);
  if (places.length === 0) {
    const names = isOfEnvironment ? 'TENCENTCLOUD_REGION, CI_BUCKETS' : key('cos', 'batchCompute', 'ci');
    return [`${names}: expected at least one of them, got none: there is nothing to read`];
  }
  return places.includes('cos')
    ? ['appId', 'uin']
        .filter((name) => at(account, name) === undefined)
        .map((name) => {
          const variable = name === 'uin' ? 'TENCENTCLOUD_UIN' : 'TENCENTCLOUD_APP_ID';
          return `${isOfEnvironment ? variable : key(name)}: expected digits, as COS is read, got nothing`;
        })
    : [];
}

/** Pairs of numbers of which one has to be the smaller. */
function orderFaults(draft: Draft): string[] {
  const defaults = configSchema.parse({});
  const number = (section: 'server' | 'deadlines' | 'limits' | 'cache', name: string): number => {
    const value = at(draft.raw, section, name) ?? at(defaults, section, name);
    return typeof value === 'number' ? value : Number.NaN;
  };
  const attemptMs = number('deadlines', 'attemptMs');
  const requestMs = number('deadlines', 'requestMs');
  const drainMs = number('deadlines', 'drainMs');
  const drainDelayMs = number('deadlines', 'drainDelayMs');
  const headersTimeoutMs = number('server', 'headersTimeoutMs');
  const bodyTimeoutMs = number('server', 'bodyTimeoutMs');
  const defaultPageSize = number('limits', 'defaultPageSize');
  const maxPageSize = number('limits', 'maxPageSize');
  const revalidateMs = number('cache', 'staleWhileRevalidateMs');
  const errorMs = number('cache', 'staleIfErrorMs');
  return [
    attemptMs >= requestMs
      ? `deadlines.attemptMs: expected less than deadlines.requestMs (${requestMs}), got ${attemptMs}`
      : [],
    drainDelayMs >= drainMs
      ? `deadlines.drainDelayMs: expected less than deadlines.drainMs (${drainMs}), got ${drainDelayMs}`
      : [],
    headersTimeoutMs > bodyTimeoutMs
      ? `server.headersTimeoutMs: expected at most server.bodyTimeoutMs (${bodyTimeoutMs}), got ${headersTimeoutMs}`
      : [],
    defaultPageSize > maxPageSize
      ? `limits.defaultPageSize: expected at most limits.maxPageSize (${maxPageSize}), got ${defaultPageSize}`
      : [],
    revalidateMs > errorMs
      ? `cache.staleWhileRevalidateMs: expected at most cache.staleIfErrorMs (${errorMs}), got ${revalidateMs}`
      : [],
  ].flat();
}

/** A replica's number says something only together with how many there are. */
function fleetFaults(draft: Draft): string[] {
  const index = at(draft.raw, 'fleet', 'replicaIndex');
  const count = at(draft.raw, 'fleet', 'replicaCount');
  const missing = (name: string, variable: string, present: string): string => {
    const presentName = nameOf(['fleet', present], draft);
    const missingName = draft.variables.has(`fleet.${present}`) ? variable : `fleet.${name}`;
    return `${missingName}: expected a value, as ${presentName} has one, got nothing`;
  };
  if (index === undefined && count !== undefined) {
    return [missing('replicaIndex', 'REPLICA_INDEX', 'replicaCount')];
  }
  if (count === undefined && index !== undefined) {
    return [missing('replicaCount', 'REPLICA_COUNT', 'replicaIndex')];
  }
  return typeof index === 'number' && typeof count === 'number' && index >= count
    ? [
        `${nameOf(['fleet', 'replicaIndex'], draft)}: expected less than ${nameOf(['fleet', 'replicaCount'], draft)} (${count}), as the first replica is 0, got ${index}`,
      ]
    : [];
}

/** The manifests that are to be read, called by what may be told of their paths. What is no path is another fault. */
export function manifestFiles(draft: Draft): ManifestFile[] {
  return list(at(draft.raw, 'documents', 'manifests')).flatMap((path, index) => {
    const key = ['documents', 'manifests', String(index)];
    return typeof path === 'string' && path !== ''
      ? [{ path, name: `${nameOf(key, draft)}: ${showAt(key, draft)}` }]
      : [];
  });
}

/** Nothing could be asked. */
function documentsFaults(draft: Draft): string[] {
  const isEnforced = at(draft.raw, 'documents', 'mode') === 'enforce';
  const manifests = at(draft.raw, 'documents', 'manifests') ?? [];
  return isEnforced && Array.isArray(manifests) && manifests.length === 0
    ? [
        `${nameOf(['documents', 'manifests'], draft)}: expected at least one file, as ${nameOf(['documents', 'mode'], draft)} is enforce, got none`,
      ]
    : [];
}

/** By their keys, the variables of what has to be known of the issuer of tokens. */
const AUTH_VARIABLES = {
  jwksUrl: 'AUTH_JWKS_URL',
  issuer: 'AUTH_JWT_ISSUER',
  audience: 'AUTH_JWT_AUDIENCE',
} as const;

/** A token is checked whole or not at all, and one that is checked lets nobody in without. */
function authFaults(draft: Draft): string[] {
  const auth = at(draft.raw, 'auth');
  if (typeof auth !== 'object' || auth === null || Array.isArray(auth)) {
    return [];
  }
  const keys = Object.entries(AUTH_VARIABLES);
  const present = keys.flatMap(([key]) =>
    at(auth, key) === undefined ? [] : [nameOf(['auth', key], draft)],
  );
  const isOfEnvironment = keys.some(([key]) => draft.variables.has(`auth.${key}`));
  const missing = keys
    .filter(([key]) => at(auth, key) === undefined)
    .map(
      ([key, variable]) =>
        `${isOfEnvironment ? variable : `auth.${key}`}: expected a value, as ${present.join(' and ') || 'auth'} has one, got nothing`,
    );
  const number = (name: string): number => {
    const value = at(auth, name) ?? at(configSchema.parse({ auth: {} }), 'auth', name);
    return typeof value === 'number' ? value : Number.NaN;
  };
  return [
    ...missing,
    ...(number('jwksMaxAgeMs') > number('jwksKeepMs')
      ? [
          `auth.jwksMaxAgeMs: expected at most auth.jwksKeepMs (${number('jwksKeepMs')}), got ${number('jwksMaxAgeMs')}`,
        ]
      : []),
    ...(at(draft.raw, 'server', 'allowAnonymous') === true
      ? [
          'server.allowAnonymous: expected false, as auth is configured and lets nobody in without a token, got true',
        ]
      : []),
  ];
}

/** Real credentials are not served to whoever reaches the port, unless somebody says so (contract section 6). */
function exposureFaults(draft: Draft): string[] {
  const host = at(draft.raw, 'server', 'host') ?? '127.0.0.1';
  const isGuarded = at(draft.raw, 'auth') !== undefined || at(draft.raw, 'server', 'allowAnonymous') === true;
  if (typeof host !== 'string' || isLoopback(host) || isGuarded) {
    return [];
  }
  return [
    `${nameOf(['server', 'host'], draft)}: expected a loopback address, got ${showAt(['server', 'host'], draft)}: other machines reach it and nothing checks who asks. Configure auth, listen on 127.0.0.1, or set server.allowAnonymous: true behind a proxy that checks`,
  ];
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (node, name) => (typeof node === 'object' && node !== null ? Reflect.get(node, name) : undefined),
    value,
  );
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What stands at more than one of these keys, each once, as a fault may tell it. */
function repeated(paths: readonly (readonly string[])[], draft: Draft): string[] {
  const values = paths.map((path) => at(draft.raw, ...path));
  const again = paths.filter((_path, index) => {
    const value = values[index];
    return typeof value === 'string' && values.indexOf(value) !== index;
  });
  return [...new Set(again.map((path) => showAt(path, draft)))];
}
