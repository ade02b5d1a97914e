/** What `deploy/` says is true of this gateway. A chart's templates need helm to be rendered; here they are read as texts. */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config.ts';
import { ROOT } from './source-tree.ts';

const CHART = 'deploy/helm/jobs-gateway';
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Values {
  readonly config: Record<string, unknown> & {
    readonly deadlines: { readonly drainMs: number; readonly drainDelayMs: number };
  };
  readonly terminationGracePeriodSeconds: number;
}
interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly read_only: boolean;
        readonly cap_drop: readonly string[];
        readonly environment?: Readonly<Record<string, string>>;
        readonly stop_grace_period?: string;
      }
    >
  >;
}

const values = parse(read(`${CHART}/values.yaml`)) as Values;
const compose = parse(read('deploy/compose.yaml'), { merge: true }) as Compose;
const template = read(`${CHART}/templates/deployment.yaml`);
const ACCOUNT = {
  name: 'media',
  secretId: 'AKID',
  secretKey: 'KEY',
  batchCompute: { regions: ['ap-guangzhou'] },
};

/** Reads a configuration as the gateway would, in which every reference is filled in. */
function configOf(
  yaml: string,
  environment: Readonly<Record<string, string>> = {},
): ReturnType<typeof readConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-deploy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'gateway.yaml');
  writeFileSync(path, yaml);
  const references = [...yaml.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name, 'AKIDexample']);
  return readConfig({ ...Object.fromEntries(references), ...environment, GATEWAY_CONFIG: path });
}

/** The variables that the gateway reads, and so any that is set in vain is found. */
const VARIABLES = new Set(
  globSync('src/config*.ts', { cwd: ROOT }).flatMap((path) =>
    [...read(path).matchAll(/'([A-Z][A-Z_]{3,})'/g)].map(([, name]) => name),
  ),
);

describe('deploy/compose.yaml', () => {
  it('gives each replica a configuration that it starts with', () => {
    const yaml = read('deploy/compose/config/gateway.yaml');
    for (const name of ['gateway-1', 'gateway-2']) {
      const { environment = {} } = compose.services[name]!;
      const { REDIS_URL = '', LOG_LEVEL = '' } = environment;
      const config = configOf(yaml, { REDIS_URL, LOG_LEVEL, HOST: '0.0.0.0' });
      expect(config.redisUrl?.reveal()).toBe('redis://redis:6379');
      const referred = [...yaml.matchAll(/\$\{(\w+)\}/g)].map(([, variable]) => variable);
      for (const variable of Object.keys(environment)) {
        expect([...VARIABLES, ...referred]).toContain(variable);
      }
      expect(Object.keys(environment)).toEqual(expect.arrayContaining(referred));
    }
  });

  it('waits longer for a replica than it takes to drain, and asks whether it is ready more often', () => {
    const { deadlines } = configOf(read('deploy/compose/config/gateway.yaml'));
    const [, seconds] = /^(\d+)s$/.exec(compose.services['gateway-1']?.stop_grace_period ?? '') ?? [];
    expect(Number(seconds) * 1_000).toBeGreaterThan(deadlines.drainMs);
    const haproxy = read('deploy/compose/haproxy.cfg');
    const [, interMs, fall] = /inter (\d+)ms fall (\d+)/.exec(haproxy) ?? [];
    expect(haproxy).toContain('GET /ready');
    expect(Number(interMs) * (Number(fall) + 1)).toBeLessThan(deadlines.drainDelayMs);
    expect(haproxy.match(/^ {2}server (\S+)/gm)).toEqual(['  server gateway-1', '  server gateway-2']);
  });

  it('names every image by its version, and lets none write or have a privilege', () => {
    for (const { image, read_only, cap_drop } of Object.values(compose.services)) {
      expect(image).toMatch(/:\d+\.\d+\.\d+/);
      expect([read_only, cap_drop]).toEqual([true, ['ALL']]);
    }
  });
});

describe('deploy/helm', () => {
  it('has values that the gateway starts with, of which the schema knows each', () => {
    const yaml = JSON.stringify({ ...values.config, accounts: [ACCOUNT] });
    expect(configOf(yaml, { HOST: '0.0.0.0', PORT: '4000', LOG_LEVEL: 'info' }).server.port).toBe(4_000);
    const schema = JSON.parse(read(`${CHART}/values.schema.json`)) as { readonly properties: object };
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(Object.keys(values)));
  });

  it('uses every value, and none that is not there', () => {
    const templates = globSync(`${CHART}/templates/*`, { cwd: ROOT }).map(read).join('\n');
    const used = new Set([...templates.matchAll(/\.Values\.([\w.]+)/g)].map(([, path]) => path ?? ''));
    for (const path of used) {
      const found = path.split('.').reduce<unknown>((node, key) => Reflect.get(Object(node), key), values);
      expect(found, path).toBeDefined();
    }
    const roots = new Set([...used].map((path) => path.split('.')[0] ?? ''));
    expect([...roots].toSorted()).toEqual(Object.keys(values).toSorted());
  });

  it('names variables that the gateway reads', () => {
    const named = [...template.matchAll(/- \{ name: ([A-Z_]+), value/g)].map(([, name]) => name ?? '');
    expect(named).toEqual(['HOST', 'PORT', 'GATEWAY_CONFIG', 'LOG_LEVEL']);
    named.forEach((name) => expect(VARIABLES).toContain(name));
  });

  it('waits longer for a pod than it takes to drain, and the readiness probe fails in the time before it closes', () => {
    const { deadlines } = configOf(JSON.stringify({ ...values.config, accounts: [ACCOUNT] }));
    expect(values.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(deadlines.drainMs);
    const readiness = template.slice(template.indexOf('readinessProbe'), template.indexOf('livenessProbe'));
    const [, periodSeconds] = /periodSeconds: (\d+)/.exec(readiness) ?? [];
    expect(readiness).toMatch(/path: \/ready,[^]*failureThreshold: 1\n/);
    expect(Number(periodSeconds) * 2_000).toBeLessThan(deadlines.drainDelayMs);
  });

  it.each([
    'runAsNonRoot: true',
    'readOnlyRootFilesystem: true',
    'allowPrivilegeEscalation: false',
    'capabilities: { drop: [ALL] }',
    'seccompProfile: { type: RuntimeDefault }',
    'automountServiceAccountToken: false',
    'path: /health, port: http',
    'topologyKey: kubernetes.io/hostname',
    'checksum/config',
  ])('says %s of the pods', (line) => {
    expect(template).toContain(line);
  });
});
