/** What `deploy/` says is true of this gateway. A chart's templates need helm to be rendered; here they are read as texts. */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { type Config, readConfig } from '../../src/config.ts';
import { ROOT } from './source-tree.ts';

const CHART = 'deploy/helm/jobs-gateway';
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Values {
  readonly config: Record<string, unknown> & { readonly server: Record<string, unknown> };
}
/** As much of a JSON schema as says which keys must be there. */
interface Keys {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Keys>>;
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
const haproxy = read('deploy/compose/haproxy.cfg');
const template = read(`${CHART}/templates/deployment.yaml`);
const templates = globSync(`${CHART}/templates/*`, { cwd: ROOT }).map(read).join('\n');
const schema = JSON.parse(read(`${CHART}/values.schema.json`)) as Keys;
const { version } = JSON.parse(read('package.json')) as { readonly version: string };
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

  it('waits longer for a replica than it takes to drain', () => {
    const { deadlines } = configOf(read('deploy/compose/config/gateway.yaml'));
    const [, seconds] = /^(\d+)s$/.exec(compose.services['gateway-1']?.stop_grace_period ?? '') ?? [];
    expect(Number(seconds) * 1_000).toBeGreaterThan(deadlines.drainMs);
  });

  it('names every image by its version, and lets none write or have a privilege', () => {
    for (const { image, read_only, cap_drop } of Object.values(compose.services)) {
      expect(image).toMatch(/:\d+\.\d+\.\d+/);
      expect([read_only, cap_drop]).toEqual([true, ['ALL']]);
    }
  });
});

describe('deploy/compose/haproxy.cfg', () => {
  const deadlines = (): Config['deadlines'] => configOf(read('deploy/compose/config/gateway.yaml')).deadlines;

  /** The number after a word, in the unit that the file gives it in. */
  function numberOf(pattern: RegExp): number {
    return Number(pattern.exec(haproxy)?.[1]);
  }

  it('leaves a replica out that says it is not ready, before it closes', () => {
    const found = numberOf(/ inter (\d+)ms/) + numberOf(/fastinter (\d+)ms/) * (numberOf(/ fall (\d+)/) - 1);
    expect(haproxy).toContain('GET /ready');
    expect(found * 2).toBeLessThan(deadlines().drainDelayMs);
  });

  it('leaves none out that is late once', () => {
    expect(numberOf(/ fall (\d+)/)).toBeGreaterThan(1);
    expect(numberOf(/timeout check (\d+)s/)).toBeGreaterThanOrEqual(1);
  });

  it('knows each replica by its name, and asks for its address again when it is replaced', () => {
    const replicas = Object.keys(compose.services).filter((name) => name.startsWith('gateway-'));
    const named = [...haproxy.matchAll(/^ {2}server (\S+) (\S+)$/gm)].map(([, name, at]) => [name, at]);
    expect(named).toEqual(replicas.map((name) => [name, `${name}:4000`]));
    const [, resolvers] = /^resolvers (\S+)$/m.exec(haproxy) ?? [];
    expect(haproxy).toMatch(new RegExp(`^ {2}default-server .* resolvers ${resolvers} `, 'm'));
  });

  it('waits longer for an answer than the gateway takes', () => {
    expect(numberOf(/timeout server (\d+)s/) * 1_000).toBeGreaterThan(deadlines().requestMs);
  });

  it('shows nobody outside the metrics and the probes', () => {
    const denied = [...haproxy.matchAll(/\{ path (\S+) \}/g)].map(([, path]) => path);
    expect(denied).toEqual(['/metrics', '/ready', '/health']);
  });
});

describe('deploy/', () => {
  it('runs the version of package.json', () => {
    const chart = parse(read(`${CHART}/Chart.yaml`)) as { readonly appVersion: string };
    expect(chart.appVersion).toBe(version);
    const images = Object.values(compose.services).map(({ image }) => image);
    const told = [...read('deploy/README.md').matchAll(/jobs-gateway:\d\S+/g)].map(([image]) => image);
    expect(told).not.toEqual([]);
    const own = [...images, ...told].filter((image) => image.startsWith('jobs-gateway:'));
    expect(new Set(own)).toEqual(new Set([`jobs-gateway:${version}`]));
  });
});

describe('deploy/helm', () => {
  it('has values that the gateway starts with, of which the schema knows each', () => {
    const yaml = JSON.stringify({ ...values.config, accounts: [ACCOUNT] });
    expect(configOf(yaml, { HOST: '0.0.0.0', PORT: '4000', LOG_LEVEL: 'info' }).server.port).toBe(4_000);
    expect(Object.keys(schema.properties ?? {})).toEqual(expect.arrayContaining(Object.keys(values)));
  });

  it('is shown with values that the gateway starts with', () => {
    const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(read('deploy/README.md')) ?? [];
    const { config } = parse(yaml) as Pick<Values, 'config'>;
    const { accounts } = configOf(JSON.stringify({ ...values.config, ...config }), { HOST: '0.0.0.0' });
    expect(accounts.map(({ name }) => name)).toEqual(['media']);
  });

  it('uses every value, and none that is not there', () => {
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

  it('demands the keys of the configuration that its templates read, and an account', () => {
    const asked = new Set(
      [...templates.matchAll(/\.Values\.config\.(\w+)\.(\w+)/g)].map(([, section, key]) => [section, key]),
    );
    const { required = [], properties = {} } = schema.properties?.['config'] ?? {};
    expect(required).toContain('accounts');
    for (const [section = '', key = ''] of asked) {
      if (key !== 'allowAnonymous') {
        expect(required).toContain(section);
        expect(properties[section]?.required, `${section}.${key}`).toContain(key);
      }
    }
    expect(properties['accounts']).toMatchObject({ minItems: 1 });
  });

  it('shows the metrics at a Service of their own, which cannot be reached from outside', () => {
    const [clients = '', metrics = ''] = read(`${CHART}/templates/service.yaml`).split('\n---\n');
    expect(clients).toContain('type: {{ .Values.service.type }}');
    expect(clients).not.toContain('metrics');
    expect(metrics).toContain('clusterIP: None');
    const component = 'app.kubernetes.io/component: metrics';
    expect(metrics).toContain(component);
    expect(read(`${CHART}/templates/servicemonitor.yaml`)).toContain(component);
  });

  it('can be told to let in nobody without a token', () => {
    const auth = {
      jwksUrl: 'https://login.example.com/keys',
      issuer: 'https://login.example.com/',
      audience: 'jobs-gateway',
    };
    const server = { ...values.config.server, allowAnonymous: false };
    const yaml = JSON.stringify({ ...values.config, accounts: [ACCOUNT], server, auth });
    expect(configOf(yaml, { HOST: '0.0.0.0' }).auth).toBeDefined();
  });

  it('waits longer for a pod than it takes to drain, and the readiness probe fails in the time before it closes', () => {
    const { deadlines } = configOf(JSON.stringify({ ...values.config, accounts: [ACCOUNT] }));
    expect(template).toMatch(
      /terminationGracePeriodSeconds: \{\{ add [1-9]\d* \(div \(int \.Values\.config\.deadlines\.drainMs\) 1000\) \}\}/,
    );
    const readiness = template.slice(template.indexOf('readinessProbe'), template.indexOf('livenessProbe'));
    const [, periodSeconds] = /periodSeconds: (\d+)/.exec(readiness) ?? [];
    const [, failureThreshold] = /failureThreshold: (\d+)/.exec(readiness) ?? [];
    expect(readiness).toContain('path: /ready,');
    expect(Number(failureThreshold)).toBeGreaterThan(1);
    expect(Number(periodSeconds) * Number(failureThreshold) * 1_000).toBeLessThan(deadlines.drainDelayMs);
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
