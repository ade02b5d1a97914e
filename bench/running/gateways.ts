/** Gateways as people run them, each a process of its own, before simulated upstreams. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

const BINARY = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface GatewayProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Of Node's inspector, for one that was started with it; resolves when Node has told. */
  readonly inspectorUrl: Promise<string>;
  /** Gives the exit code and how long it took. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly tookMs: number }>;
}

export interface GatewayOptions {
  readonly sandbox: Sandbox;
  /** Further lines of the file. */
  readonly yaml?: string;
  /** Flags of Node. */
  readonly execArgv?: readonly string[];
}

/** Starts one, which ends with this process. Its error output is shown. */
export async function startGateway({
  sandbox,
  yaml = '',
  execArgv = [],
}: GatewayOptions): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-bench-'));
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, `${accountOf(sandbox)}\n${yaml}`);
  const child = spawn(process.execPath, [...execArgv, BINARY, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      PORT: '0',
      LOG_LEVEL: 'error',
      GATEWAY_CONFIG: file,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const { promise: inspectorUrl, resolve: foundInspector } = Promise.withResolvers<string>();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const [url] = /ws:\/\/\S+/.exec(text) ?? [];
    if (url === undefined) {
      process.stderr.write(text);
    } else {
      foundInspector(url);
    }
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  while (!printed.includes('/graphql')) {
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => Promise.reject(new Error('the gateway ended before it listened'))),
    ]);
  }
  return {
    url: /http:\/\/[^/\s]+/.exec(printed)?.[0] ?? '',
    child,
    inspectorUrl,
    end: async (signal) => {
      const startedAtMs = performance.now();
      const exited = once(child, 'exit') as Promise<[number | null]>;
      child.kill(signal);
      const [code] = await exited;
      process.off('exit', kill);
      await rm(folder, { recursive: true });
      return { code, tookMs: performance.now() - startedAtMs };
    },
  };
}

function accountOf({ account, endpoints, regions, buckets }: Sandbox): string {
  return `
accounts:
  - name: sandbox
    appId: "${account.appId}"
    uin: "${account.uin}"
    secretId: ${account.secretId}
    secretKey: ${account.secretKey}
    cos: { regions: [${regions.join()}], endpoint: "${endpoints.cos}" }
    batchCompute: { regions: [${regions.join()}], endpoint: "${endpoints.batchCompute}", requestsPerSecond: 1000 }
    ci: { buckets: ${JSON.stringify(buckets)}, endpoint: "${endpoints.ci}" }
`;
}
