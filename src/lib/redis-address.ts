/** Where Redis is, as the text of `REDIS_URL` says it; which of the three kinds it is shows in the text. */
export type RedisAddress =
  | { readonly kind: 'single'; readonly url: string }
  | { readonly kind: 'cluster'; readonly urls: readonly [string, string, ...string[]] }
  | SentinelAddress;

/** A master and its replicas, of which the sentinels know who is the master now. */
export interface SentinelAddress {
  readonly kind: 'sentinel';
  /** What the sentinels call the master. */
  readonly master: string;
  readonly database: number;
  /** Of the sentinels and the servers alike. */
  readonly isEncrypted: boolean;
  readonly sentinels: readonly Sentinel[];
  readonly serverLogin: Login;
  readonly sentinelLogin: Login;
}

export interface Sentinel {
  readonly host: string;
  readonly port: number;
}

/** A password may stand without a user, but not the other way round. */
export interface Login {
  readonly username?: string;
  readonly password?: string;
}

/** The forms of an address, for whoever has written another one. */
export const REDIS_ADDRESS_FORMS =
  'redis://[user:password@]host[:port][/database], several such nodes of one Cluster, comma-separated, or redis+sentinel://[user:password@]host[:port][,host[:port]]/master[/database][?sentinelPassword=password], each with rediss in place of redis for TLS';

/**
 * Reads an address; null when it has none of the forms. A path of a socket is one server, which only tests use.
 *
 * The sentinels have a login of their own, and none unless the address says so (`?sentinelUsername=…&sentinelPassword=…`):
 * a password sent to a server that has none is an error there, so that of the Redis servers cannot be tried on them.
 */
export function parseRedisAddress(text: string): RedisAddress | null {
  const trimmed = text.trim();
  if (trimmed.startsWith('/')) {
    return { kind: 'single', url: trimmed };
  }
  if (/^rediss?\+sentinel:/.test(trimmed)) {
    return parseSentinel(trimmed);
  }
  const [first = '', second, ...others] = trimmed.split(',').map((url) => url.trim());
  if (second === undefined) {
    return isServerUrl(first) ? { kind: 'single', url: first } : null;
  }
  const urls = [first, second, ...others] as const;
  const schemes = new Set(urls.map((url) => url.split(':', 1)[0]));
  return urls.every(isServerUrl) && schemes.size === 1 ? { kind: 'cluster', urls: [...urls] } : null;
}

function isServerUrl(text: string): boolean {
  const url = /^rediss?:\/\/[^\s,#]+$/.test(text) ? URL.parse(text) : null;
  return (
    url !== null &&
    url.hostname !== '' &&
    /^(\/\d*)?$/.test(url.pathname) &&
    [url.username, url.password].every((part) => decoded(part) !== null)
  );
}

const SENTINEL =
  /^redis(?<tls>s?)\+sentinel:\/\/(?:(?<login>[^@,/?#\s]*)@)?(?<hosts>[^@/?#\s]+)\/(?<master>[\w.-]+)(?:\/(?<database>\d{0,4}))?(?:\?(?<query>[^#\s]*))?$/;
const SENTINEL_PORT = 26_379;

/** `URL` knows no list of hosts. */
function parseSentinel(text: string): SentinelAddress | null {
  const { tls, login = '', hosts = '', master, database, query = '' } = SENTINEL.exec(text)?.groups ?? {};
  const sentinels = hosts.split(',').map(parseHost);
  const serverLogin = parseLogin(login);
  const sentinelLogin = parseQuery(query);
  if (master === undefined || !sentinels.every(isPresent) || serverLogin === null || sentinelLogin === null) {
    return null;
  }
  return {
    kind: 'sentinel',
    master,
    database: Number(database ?? ''),
    isEncrypted: tls === 's',
    sentinels,
    serverLogin,
    sentinelLogin,
  };
}

function isPresent<T>(value: T | null): value is T {
  return value !== null;
}

function parseHost(text: string): Sentinel | null {
  const [, bracketed, name, port] = /^(?:\[([\dA-Fa-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? name;
  const number = port === undefined ? SENTINEL_PORT : Number(port);
  return host === undefined || number < 1 || number > 65_535 ? null : { host, port: number };
}

function parseLogin(text: string): Login | null {
  const colon = text.indexOf(':');
  const [username, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  return loginOf(decoded(username), decoded(password));
}

function parseQuery(text: string): Login | null {
  // A plus is a plus, as it is in the password before the hosts; a form's blank it is not.
  const settings = new URLSearchParams(text.replaceAll('+', '%2B'));
  const names = [...settings.keys()];
  const areKnown = names.every((name) => name === 'sentinelUsername' || name === 'sentinelPassword');
  return areKnown && new Set(names).size === names.length
    ? loginOf(settings.get('sentinelUsername') ?? '', settings.get('sentinelPassword') ?? '')
    : null;
}

function loginOf(username: string | null, password: string | null): Login | null {
  if (username === null || password === null || (username !== '' && password === '')) {
    return null;
  }
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

/** Null when a per cent sign begins nothing. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
