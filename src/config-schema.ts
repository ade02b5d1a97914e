import { z } from 'zod';
import { isEndpoint, isJwksUrl, isOtlpUrl, isSiteOrigin } from './config-addresses.ts';
import { parseRedisAddress, REDIS_ADDRESS_FORMS } from './lib/redis-address.ts';
import { Secret } from './lib/secret.ts';

/**
 * The shape of the configuration: what each key may hold, its default and its unit (contract section 2). Every message
 * says the form expected; `config.ts` adds the key and the value found.
 */

/** Digits of the host names that the gateway calls: nothing else may pass (reliability S8, K2, K3). */
const REGION = /^[a-z]{2,10}(-[a-z0-9]{1,20}){1,3}$/;
const BUCKET = /^[a-z0-9][a-z0-9-]{0,48}-[0-9]{8,12}$/;
const PLACEHOLDER = /^<.*>$|^x+$|^\*+$|change-?me|your[-_ ]/i;

const accountName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/, 'expected 1 to 32 letters, digits, "_" or "-"');
const region = z.string().regex(REGION, 'expected a region such as ap-guangzhou');
const bucketName = z
  .string()
  .regex(BUCKET, 'expected a bucket with its appid, such as examplebucket-1250000000');
const secret = z
  .string()
  .regex(/^[\x21-\x7e]{1,4096}$/, 'expected printable characters without spaces or line breaks')
  .refine((text) => !PLACEHOLDER.test(text), 'expected a real value, not a placeholder')
  .transform((text) => new Secret(text));

const ROUTER_SECRETS = 'expected 16 or more printable characters, or a list of such texts';
const routerSecret = secret.refine((text) => text.reveal().length >= 16, ROUTER_SECRETS);

/** Those in which who checks a token cannot make one. */
const SIGNATURE_ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');
const TOKEN_TEXT = 'expected 1 to 1024 printable characters without spaces';
const tokenText = z.string(TOKEN_TEXT).regex(/^[\x21-\x7e]{1,1024}$/, TOKEN_TEXT);
const AUDIENCES = 'expected a text without spaces, or a list of such texts';
const JWKS_URL = 'expected https://, or http:// on a loopback address, without credentials or fragment';

const OTLP_URL =
  'expected the http:// or https:// address of a collector, without credentials, query or fragment';

const endpoint = z.string().refine(isEndpoint, {
  message: 'expected https://host[:port], or http:// on a loopback address, without path or credentials',
});

const count = (minimum: number, maximum: number): z.ZodInt =>
  z
    .int(`expected a whole number from ${minimum} to ${maximum}`)
    .min(minimum, `expected a whole number from ${minimum} to ${maximum}`)
    .max(maximum, `expected a whole number from ${minimum} to ${maximum}`);
/** BatchCompute grants two calls a second per credential, action and access host (seed page DescribeJobs). */
const requestsPerSecond = z
  .number('expected a number from 0.1 to 1000')
  .min(0.1, 'expected a number from 0.1 to 1000')
  .max(1_000, 'expected a number from 0.1 to 1000')
  .default(2);
const milliseconds = count(1, 600_000);
/** A month at the most: no upstream's listing goes back further than three. */
const lifetime = count(0, 2_678_400_000);

const CORS_ORIGIN = 'expected an origin as browsers send it, such as https://app.example.com';
const distinct = (what: string): [(list: readonly string[]) => boolean, string] => [
  (list) => new Set(list).size === list.length,
  `expected each ${what} once`,
];
const regions = z
  .array(region)
  .min(1, 'expected at least one region')
  .refine(...distinct('region'));

const account = z.strictObject({
  name: accountName,
  appId: z
    .string('expected 8 to 12 digits in quotes')
    .regex(/^[0-9]{8,12}$/, 'expected 8 to 12 digits')
    .optional(),
  uin: z
    .string('expected 5 to 20 digits in quotes')
    .regex(/^[0-9]{5,20}$/, 'expected 5 to 20 digits')
    .optional(),
  secretId: secret,
  secretKey: secret,
  sessionToken: secret.optional(),
  cos: z.strictObject({ regions, endpoint: endpoint.optional() }).optional(),
  batchCompute: z
    .strictObject({
      regions,
      endpoint: endpoint.optional(),
      requestsPerSecond,
    })
    .optional(),
  ci: z
    .strictObject({
      buckets: z.array(z.strictObject({ name: bucketName, region })).min(1, 'expected at least one bucket'),
      endpoint: endpoint.optional(),
    })
    .optional(),
});

export const configSchema = z.strictObject({
  accounts: z.array(account).default([]),
  server: z
    .strictObject({
      host: z
        .string()
        .regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'expected a host name or address')
        .default('127.0.0.1'),
      port: count(0, 65_535).default(4_000),
      introspection: z.boolean('expected true or false').optional(),
      graphiql: z.boolean('expected true or false').optional(),
      allowAnonymous: z.boolean('expected true or false').default(false),
      maxBodyBytes: count(1_024, 16_777_216).default(262_144),
      maxConcurrentRequests: count(1, 100_000).default(256),
      maxConnections: count(1, 1_000_000).default(1_000),
      maxHeaders: count(10, 2_000).default(100),
      maxHeaderBytes: count(1_024, 1_048_576).default(16_384),
      headersTimeoutMs: milliseconds.default(10_000),
      bodyTimeoutMs: milliseconds.default(10_000),
      keepAliveTimeoutMs: milliseconds.default(65_000),
      cors: z
        .strictObject({
          origins: z
            .array(z.string(CORS_ORIGIN).refine(isSiteOrigin, CORS_ORIGIN))
            .refine(...distinct('origin'))
            .default([]),
        })
        .prefault({}),
      metrics: z.boolean('expected true or false').default(true),
      metricsPort: count(0, 65_535).optional(),
      upstreamTrace: z.boolean('expected true or false').optional(),
      watchConfig: z.boolean('expected true or false').default(true),
      maxEventLoopDelayMs: count(10, 60_000).default(200),
      maxHeapPercent: count(1, 100).default(90),
      overloadAfterMs: milliseconds.default(2_000),
    })
    .prefault({}),
  sandbox: z.strictObject({ requestsPerSecond }).prefault({}),
  federation: z
    .strictObject({
      routerSecret: z
        .union(
          [routerSecret.transform((one) => [one]), z.array(routerSecret).min(1, ROUTER_SECRETS)],
          ROUTER_SECRETS,
        )
        .optional(),
      relayNode: z.boolean('expected true or false').default(true),
    })
    .prefault({}),
  redis: z
    .strictObject({
      url: z
        .string()
        .refine(
          (text) => /^\s*redis/.test(text) && parseRedisAddress(text) !== null,
          `expected ${REDIS_ADDRESS_FORMS}`,
        )
        .transform((text) => new Secret(text)),
    })
    .optional(),
  fleet: z
    .strictObject({ replicaIndex: count(0, 999).optional(), replicaCount: count(1, 1_000).optional() })
    .prefault({}),
  auth: z
    .strictObject({
      // All three or none, which `config-faults.ts` sees to: it can name the variable that is missing.
      jwksUrl: z.string().refine(isJwksUrl, JWKS_URL).optional(),
      issuer: tokenText.optional(),
      audience: z
        .union(
          [
            tokenText.transform((one) => [one]),
            z
              .array(tokenText)
              .min(1, AUDIENCES)
              .refine(...distinct('audience')),
          ],
          AUDIENCES,
        )
        .optional(),
      accountsClaim: tokenText.default('accounts'),
      algorithms: z
        .array(z.enum(SIGNATURE_ALGORITHMS, `expected some of ${SIGNATURE_ALGORITHMS.join(', ')}`))
        .min(1, 'expected at least one algorithm')
        .refine(...distinct('algorithm'))
        .default(['RS256', 'PS256', 'ES256', 'EdDSA']),
      clockToleranceSeconds: count(0, 300).default(5),
      maxTokenLength: count(256, 16_384).default(8_192),
      maxKnownTokens: count(0, 1_000_000).default(10_000),
      jwksCooldownMs: milliseconds.default(30_000),
      jwksRetryMs: milliseconds.default(2_000),
      jwksMaxAgeMs: lifetime.default(600_000),
      jwksKeepMs: lifetime.default(3_600_000),
      jwksTimeoutMs: milliseconds.default(2_500),
    })
    .optional(),
  log: z
    .strictObject({
      level: z
        .enum(['silent', 'error', 'warn', 'info', 'debug'], 'expected silent, error, warn, info or debug')
        .default('info'),
    })
    .prefault({}),
  tracing: z
    .strictObject({
      otlpUrl: z.string(OTLP_URL).refine(isOtlpUrl, OTLP_URL).optional(),
      serviceName: z
        .string()
        .regex(/^[\x21-\x7e]{1,64}$/, 'expected 1 to 64 printable characters without spaces')
        .default('jobs-gateway'),
      samplePercent: z
        .number('expected a number from 0 to 100')
        .min(0, 'expected a number from 0 to 100')
        .max(100, 'expected a number from 0 to 100')
        .default(100),
      maxQueuedSpans: count(1, 1_000_000).default(2_048),
      exportEveryMs: milliseconds.default(1_000),
      exportTimeoutMs: milliseconds.default(5_000),
    })
    .prefault({}),
  deadlines: z
    .strictObject({
      requestMs: milliseconds.default(10_000),
      originMs: milliseconds.default(6_000),
      attemptMs: milliseconds.default(2_500),
      connectMs: milliseconds.default(1_000),
      drainMs: milliseconds.default(20_000),
      drainDelayMs: count(0, 600_000).default(1_500),
    })
    .prefault({}),
  cache: z
    .strictObject({
      memoryBytes: count(0, 17_179_869_184).default(67_108_864),
      replayBytes: count(0, 1_073_741_824).default(8_388_608),
      runningJobMs: lifetime.default(5_000),
      failedJobMs: lifetime.default(300_000),
      finishedJobMs: lifetime.default(86_400_000),
      unknownJobMs: lifetime.default(2_000),
      listingHeadMs: lifetime.default(5_000),
      listingTailMs: lifetime.default(30_000),
      staleWhileRevalidateMs: lifetime.default(10_000),
      staleIfErrorMs: lifetime.default(600_000),
      redisReadMs: count(1, 10_000).default(30),
      redisWriteMs: count(1, 10_000).default(100),
      maxRedisValueBytes: count(1_024, 67_108_864).default(1_048_576),
    })
    .prefault({}),
  documents: z
    .strictObject({
      mode: z.enum(['off', 'log', 'enforce'], 'expected off, log or enforce').default('off'),
      manifests: z
        .array(z.string('expected the path of a file').min(1, 'expected the path of a file'))
        .refine(...distinct('file'))
        .default([]),
      automatic: z.boolean('expected true or false').default(true),
      automaticTtlMs: lifetime.default(86_400_000),
      automaticMemoryBytes: count(0, 1_073_741_824).default(4_194_304),
      maxAutomaticBytes: count(1, 262_144).default(8_192),
      maxAutomaticInRedis: count(1, 1_000_000).default(10_000),
      maxAutomaticPerMinute: count(0, 1_000_000).default(600),
    })
    .prefault({}),
  breaker: z
    .strictObject({
      consecutiveFailures: count(1, 1_000_000).default(5),
      failurePercent: count(1, 100).default(50),
      minimumAttempts: count(1, 1_000_000).default(20),
      windowMs: milliseconds.default(10_000),
      openMs: milliseconds.default(10_000),
    })
    .prefault({}),
  limits: z
    .strictObject({
      defaultPageSize: count(1, 500).default(20),
      maxPageSize: count(1, 500).default(500),
      maxScannedJobs: count(100, 1_000_000).default(2_000),
      maxSnapshotJobs: count(100, 1_000_000).default(20_000),
      maxNodeIds: count(1, 1_000).default(500),
      maxRepresentations: count(1, 1_000).default(500),
      maxTokens: count(100, 1_000_000).default(2_000),
      maxNesting: count(5, 500).default(50),
      maxDepth: count(1, 500).default(12),
      maxAliases: count(0, 100_000).default(30),
      maxRootFields: count(1, 100_000).default(20),
      maxDirectives: count(0, 100_000).default(20),
      maxUpstreamCalls: count(1, 1_000_000).default(600),
      maxErrors: count(1, 100_000).default(100),
      upstreamBodyBytes: count(1_024, 67_108_864).default(4_194_304),
      connectionsPerOrigin: count(1, 256).default(16),
      concurrentReadsPerOrigin: count(1, 256).default(8),
    })
    .prefault({}),
});

export type ConfigInput = z.input<typeof configSchema>;
export type ParsedConfig = z.output<typeof configSchema>;
