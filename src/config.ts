import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { configSchema, isLoopback, type ParsedConfig } from './config-schema.ts';
import type { Credential } from './model/credential.ts';
import { Secret } from './lib/secret.ts';

/** Everything that can be configured, checked and frozen. Units are in the names. */
export interface Config {
  /** No credentials and no file: the process serves simulated upstreams, and `accounts` is empty. */
  readonly isSandbox: boolean;
  readonly accounts: readonly AccountConfig[];
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly introspection: boolean;
    readonly graphiql: boolean;
    readonly maxBodyBytes: number;
  };
  readonly redisUrl: Secret | null;
  readonly log: ParsedConfig['log'];
  readonly deadlines: ParsedConfig['deadlines'];
  readonly limits: ParsedConfig['limits'];
  /** The rate that the sandbox's own account uses, and that its simulated upstream enforces. */
  readonly sandboxRequestsPerSecond: number;
}

/** One account with the places that are read with its credential; a source that is not configured is null. */
export interface AccountConfig {
  readonly name: string;
  readonly credential: Credential;
  readonly cos: {
    readonly appId: string;
    readonly uin: string;
    readonly regions: readonly string[];
    readonly endpoint: string | null;
  } | null;
  readonly batchCompute: {
    readonly regions: readonly string[];
    readonly endpoint: string | null;
    readonly requestsPerSecond: number;
  } | null;
  readonly ci: {
    readonly buckets: readonly { readonly name: string; readonly region: string }[];
    readonly endpoint: string | null;
  } | null;
}

/** A configuration that cannot be used: one line per fault, by key, with the value found and the form expected. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;
/** A configuration before it is checked, and which variable a key came from, so that faults name what the reader set. */
interface Draft {
  readonly raw: Record<string, unknown>;
  readonly variables: Map<string, string>;
  readonly faults: string[];
}

/**
 * Reads the environment and, where `GATEWAY_CONFIG` names one, the YAML file (contract section 2).
 * Throws `ConfigError` with every fault at once; no message holds a secret.
 */
export function readConfig(environment: Environment = process.env, readFile = readUtf8): Config {
  const draft: Draft = { raw: {}, variables: new Map(), faults: [] };
  const file = environment['GATEWAY_CONFIG'];
  const hasCredentials = ['TENCENTCLOUD_SECRET_ID', 'TENCENTCLOUD_SECRET_KEY'].some(
    (name) => name in environment,
  );
  if (file !== undefined) {
    Object.assign(draft.raw, readYaml(file, environment, readFile, draft.faults));
  } else if (hasCredentials) {
    draftAccount(draft, environment);
  }
  const isSandbox = file === undefined && !hasCredentials;
  draftOverrides(draft, environment);
  const parsed = configSchema.safeParse(draft.raw);
  if (!parsed.success) {
    draft.faults.push(...parsed.error.issues.flatMap((issue) => describeIssue(issue, draft)));
  } else {
    draft.faults.push(...crossFaults(parsed.data, isSandbox));
  }
  if (draft.faults.length > 0 || !parsed.success) {
    throw new ConfigError(draft.faults);
  }
  return deepFreeze(toConfig(parsed.data, isSandbox, environment));
}

function readUtf8(path: string): string {
  return readFileSync(path, 'utf8');
}

function set(draft: Draft, path: readonly (string | number)[], value: unknown, variable: string): void {
  let node: Record<string | number, unknown> = draft.raw;
  path.slice(0, -1).forEach((key, index) => {
    node[key] ??= typeof path[index + 1] === 'number' ? [] : {};
    node = node[key] as Record<string | number, unknown>;
  });
  node[path.at(-1) ?? ''] = value;
  draft.variables.set(path.join('.'), variable);
}

/** The variables that say the same thing with or without a file. */
function draftOverrides(draft: Draft, environment: Environment): void {
  const put = (variable: string, path: string[], convert: (text: string) => unknown): void => {
    const text = environment[variable];
    if (text !== undefined) {
      set(draft, path, convert(text), variable);
    }
  };
  put('PORT', ['server', 'port'], numberOrText);
  put('HOST', ['server', 'host'], String);
  put('INTROSPECTION', ['server', 'introspection'], booleanOrText);
  put('GRAPHIQL', ['server', 'graphiql'], booleanOrText);
  put('REDIS_URL', ['redis', 'url'], String);
  put('LOG_LEVEL', ['log', 'level'], String);
  ['AUTH_JWKS_URL', 'AUTH_JWT_ISSUER', 'AUTH_JWT_AUDIENCE'].forEach((variable) =>
    put(variable, ['auth'], String),
  );
}

/** The one account that the environment describes. */
function draftAccount(draft: Draft, environment: Environment): void {
  const put = (
    path: (string | number)[],
    variable: string,
    convert: (text: string) => unknown = String,
  ): void => {
    const text = environment[variable];
    if (text !== undefined) {
      set(draft, ['accounts', 0, ...path], convert(text), variable);
    }
  };
  set(draft, ['accounts', 0, 'name'], 'default', 'account name');
  draft.variables.set('accounts.0.secretId', 'TENCENTCLOUD_SECRET_ID');
  draft.variables.set('accounts.0.secretKey', 'TENCENTCLOUD_SECRET_KEY');
  put(['secretId'], 'TENCENTCLOUD_SECRET_ID');
  put(['secretKey'], 'TENCENTCLOUD_SECRET_KEY');
  put(['sessionToken'], 'TENCENTCLOUD_SESSION_TOKEN');
  put(['appId'], 'TENCENTCLOUD_APP_ID');
  put(['uin'], 'TENCENTCLOUD_UIN');
  if ('TENCENTCLOUD_REGION' in environment) {
    put(['batchCompute', 'regions'], 'TENCENTCLOUD_REGION', commaList);
    put(['batchCompute', 'endpoint'], 'BATCHCOMPUTE_ENDPOINT');
    put(['batchCompute', 'requestsPerSecond'], 'BATCHCOMPUTE_REQUESTS_PER_SECOND', numberOrText);
    if ('TENCENTCLOUD_APP_ID' in environment || 'TENCENTCLOUD_UIN' in environment) {
      put(['cos', 'regions'], 'TENCENTCLOUD_REGION', commaList);
      put(['cos', 'endpoint'], 'COS_ENDPOINT');
    }
  }
  if ('CI_BUCKETS' in environment) {
    put(['ci', 'buckets'], 'CI_BUCKETS', bucketList);
    put(['ci', 'endpoint'], 'CI_ENDPOINT');
  }
}

function commaList(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

/** `<bucket-appid>@<region>`, comma-separated. */
function bucketList(text: string): { name: string; region: string }[] {
  return commaList(text).map((part) => {
    const [name = '', region = '', ...rest] = part.split('@');
    return { name, region: [region, ...rest].join('@') };
  });
}

function numberOrText(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function booleanOrText(text: string): unknown {
  return text === 'true' ? true : text === 'false' ? false : text;
}

function readYaml(
  path: string,
  environment: Environment,
  readFile: (path: string) => string,
  faults: string[],
): Record<string, unknown> {
  let tree: unknown;
  try {
    tree = parseYaml(readFile(path));
  } catch (error) {
    faults.push(`GATEWAY_CONFIG: expected a readable YAML file, got ${describeFailure(error)}`);
    return {};
  }
  const filled = interpolate(tree, [], environment, faults);
  if (typeof filled !== 'object' || filled === null || Array.isArray(filled)) {
    faults.push('GATEWAY_CONFIG: expected a YAML mapping with the key accounts');
    return {};
  }
  if (!('accounts' in filled) || (Array.isArray(filled.accounts) && filled.accounts.length === 0)) {
    faults.push('accounts: expected at least one account, got none');
  }
  return { ...filled };
}

/** The parser's message quotes the line that it failed on, which may hold a secret: only its kind and place are told. */
function describeFailure(error: unknown): string {
  if (error instanceof Error && 'linePos' in error && Array.isArray(error.linePos)) {
    const [start] = error.linePos as [{ line: number; col: number }];
    return `a syntax error at line ${start.line}, column ${start.col}`;
  }
  return error instanceof Error && 'code' in error ? String(error.code) : 'a syntax error';
}

/** Replaces `${NAME}` in every text; a reference to an unset variable is a fault. */
function interpolate(
  node: unknown,
  path: readonly string[],
  environment: Environment,
  faults: string[],
): unknown {
  if (typeof node === 'string') {
    return node.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_reference, name: string) => {
      const value = environment[name];
      if (value === undefined) {
        faults.push(`${showPath(path)}: expected the variable ${name} to be set, got nothing`);
      }
      return value ?? '';
    });
  }
  if (Array.isArray(node)) {
    return node.map((item, index) => interpolate(item, [...path, String(index)], environment, faults));
  }
  if (typeof node === 'object' && node !== null) {
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        interpolate(value, [...path, key], environment, faults),
      ]),
    );
  }
  return node;
}

function describeIssue(issue: z.core.$ZodIssue, draft: Draft): string[] {
  const path = issue.path.map(String);
  const key = nameOf(path, draft);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((unknown) => `${showPath([...path, unknown])}: unknown key`);
  }
  const value = path.reduce<unknown>(
    (node, part) => (node as Record<string, unknown> | undefined)?.[part],
    draft.raw,
  );
  if (value === undefined) {
    return [`${key}: expected a value, got nothing`];
  }
  const expected = issue.message.startsWith('Invalid input')
    ? issue.message.slice('Invalid input: '.length)
    : issue.message;
  return [`${key}: ${expected}${isSecret(path) ? '' : `, got ${show(value)}`}`];
}

function nameOf(path: readonly string[], draft: Draft): string {
  for (let length = path.length; length > 0; length -= 1) {
    const variable = draft.variables.get(path.slice(0, length).join('.'));
    if (variable !== undefined) {
      return variable;
    }
  }
  return showPath(path);
}

function showPath(path: readonly string[]): string {
  return path
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

function isSecret(path: readonly string[]): boolean {
  return /^(secretId|secretKey|sessionToken|url|auth)$/.test(path.at(-1) ?? '');
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text === '""' ? 'an empty value' : text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Faults that only the whole shows. */
function crossFaults(config: ParsedConfig, isSandbox: boolean): string[] {
  const faults: string[] = [];
  const names = config.accounts.map(({ name }) => name);
  names
    .filter((name, index) => names.indexOf(name) !== index)
    .forEach((name) => {
      faults.push(`accounts: expected each account name once, got "${name}" again`);
    });
  const buckets = config.accounts.flatMap(({ ci }) => ci?.buckets.map(({ name }) => name) ?? []);
  buckets
    .filter((name, index) => buckets.indexOf(name) !== index)
    .forEach((name) => {
      faults.push(`accounts: expected each bucket in one account, got "${name}" again`);
    });
  config.accounts.forEach((account) => {
    if (account.cos !== undefined && (account.appId === undefined || account.uin === undefined)) {
      faults.push(
        `${label(account.name, 'appId', 'uin')}: both are needed to read COS, got ${account.appId === undefined ? 'no appId' : 'no uin'}`,
      );
    }
    if (account.cos === undefined && account.batchCompute === undefined && account.ci === undefined) {
      faults.push(
        account.name === 'default'
          ? 'TENCENTCLOUD_REGION, CI_BUCKETS: expected at least one of them, got neither: there is nothing to read'
          : `account ${account.name}: expected at least one of cos, batchCompute and ci, got none`,
      );
    }
  });
  if (config.deadlines.attemptMs >= config.deadlines.requestMs) {
    faults.push(
      `deadlines.attemptMs: expected less than deadlines.requestMs (${config.deadlines.requestMs}), got ${config.deadlines.attemptMs}`,
    );
  }
  if (config.limits.defaultPageSize > config.limits.maxPageSize) {
    faults.push(
      `limits.defaultPageSize: expected at most limits.maxPageSize (${config.limits.maxPageSize}), got ${config.limits.defaultPageSize}`,
    );
  }
  if (!isSandbox && !isLoopback(config.server.host) && !config.server.allowAnonymous) {
    faults.push(
      `HOST: "${config.server.host}" is reachable from other machines and nothing checks who asks: listen on 127.0.0.1, or set server.allowAnonymous: true behind a proxy that does`,
    );
  }
  return faults;
}

function label(account: string, ...keys: string[]): string {
  return account === 'default'
    ? 'TENCENTCLOUD_APP_ID, TENCENTCLOUD_UIN'
    : `account ${account}: ${keys.join(', ')}`;
}

function toConfig(parsed: ParsedConfig, isSandbox: boolean, environment: Environment): Config {
  const { server, redis, log, deadlines, limits } = parsed;
  const rate = Number(environment['BATCHCOMPUTE_REQUESTS_PER_SECOND'] ?? 2);
  return {
    isSandbox,
    accounts: parsed.accounts.map(toAccount),
    server: {
      host: server.host,
      port: server.port,
      introspection: server.introspection ?? isSandbox,
      graphiql: server.graphiql ?? isSandbox,
      maxBodyBytes: server.maxBodyBytes,
    },
    redisUrl: redis?.url ?? null,
    log,
    deadlines,
    limits,
    sandboxRequestsPerSecond: Number.isFinite(rate) && rate > 0 ? rate : 2,
  };
}

function toAccount(account: ParsedConfig['accounts'][number]): AccountConfig {
  const { name, appId, uin, secretId, secretKey, sessionToken, cos, batchCompute, ci } = account;
  return {
    name,
    credential: { secretId, secretKey, sessionToken: sessionToken ?? null },
    cos:
      cos === undefined || appId === undefined || uin === undefined
        ? null
        : { appId, uin, regions: cos.regions, endpoint: cos.endpoint ?? null },
    batchCompute:
      batchCompute === undefined ? null : { ...batchCompute, endpoint: batchCompute.endpoint ?? null },
    ci: ci === undefined ? null : { buckets: ci.buckets, endpoint: ci.endpoint ?? null },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !(value instanceof Secret)) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
