import { parse as parseYaml } from 'yaml';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration before it is checked, and which variable each key came from, so that faults name what the reader set. */
export interface Draft {
  readonly raw: Record<string, unknown>;
  /** By the key's path, joined with dots. */
  readonly variables: Map<string, string>;
  /** The paths of texts that hold a reference to the environment: what came from there may be a secret. */
  readonly filledIn: Set<string>;
  readonly faults: string[];
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
export function draftOverrides(draft: Draft, environment: Environment): void {
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
  put('FEDERATION_ROUTER_SECRET', ['federation', 'routerSecret'], String);
  put('REDIS_URL', ['redis', 'url'], String);
  put('REPLICA_INDEX', ['fleet', 'replicaIndex'], numberOrText);
  put('REPLICA_COUNT', ['fleet', 'replicaCount'], numberOrText);
  put('DOCUMENTS_MODE', ['documents', 'mode'], String);
  put('DOCUMENTS_MANIFESTS', ['documents', 'manifests'], commaList);
  put('LOG_LEVEL', ['log', 'level'], String);
  put('OTEL_EXPORTER_OTLP_ENDPOINT', ['tracing', 'otlpUrl'], String);
  put('AUTH_JWKS_URL', ['auth', 'jwksUrl'], String);
  put('AUTH_JWT_ISSUER', ['auth', 'issuer'], String);
  put('AUTH_JWT_AUDIENCE', ['auth', 'audience'], String);
}

/** What the environment says about the simulated upstreams. */
export function draftSandbox(draft: Draft, environment: Environment): void {
  const rate = environment['BATCHCOMPUTE_REQUESTS_PER_SECOND'];
  if (rate !== undefined) {
    set(draft, ['sandbox', 'requestsPerSecond'], numberOrText(rate), 'BATCHCOMPUTE_REQUESTS_PER_SECOND');
  }
}

/** The one account that the environment describes (contract section 2). */
export function draftAccount(draft: Draft, environment: Environment): void {
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

/** What the YAML file says, with its references filled in; a file that cannot be read is a fault and says nothing. */
export function draftFile(path: string, environment: Environment, readFile: (path: string) => string): Draft {
  const draft = emptyDraft();
  let tree: unknown;
  try {
    // Its warnings quote the file, which may hold a secret.
    tree = parseYaml(readFile(path), { logLevel: 'error' });
  } catch (error) {
    draft.faults.push(`GATEWAY_CONFIG: expected a readable YAML file, got ${describeFailure(error)}`);
    return draft;
  }
  const raw = interpolate(tree, [], environment, draft);
  if (!isMapping(raw)) {
    draft.faults.push('GATEWAY_CONFIG: expected a YAML mapping with the key accounts');
    return draft;
  }
  if (!Object.hasOwn(raw, 'accounts') || (Array.isArray(raw['accounts']) && raw['accounts'].length === 0)) {
    draft.faults.push('accounts: expected at least one account, got none');
  }
  return { ...draft, raw };
}

export function emptyDraft(): Draft {
  return { raw: {}, variables: new Map(), filledIn: new Set(), faults: [] };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
  draft: Draft,
): unknown {
  if (typeof node === 'string') {
    return node.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_reference, name: string) => {
      const value = environment[name];
      draft.filledIn.add(path.join('.'));
      if (value === undefined) {
        draft.faults.push(`${showPath(path)}: expected the variable ${name} to be set, got nothing`);
      }
      return value ?? '';
    });
  }
  if (Array.isArray(node)) {
    return node.map((item, index) => interpolate(item, [...path, String(index)], environment, draft));
  }
  return isMapping(node)
    ? Object.fromEntries(
        Object.entries(node).map(([key, value]) => [
          key,
          interpolate(value, [...path, key], environment, draft),
        ]),
      )
    : node;
}

/** A key as people write it: `accounts[0].cos.regions`. */
export function showPath(path: readonly string[]): string {
  return path
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}
