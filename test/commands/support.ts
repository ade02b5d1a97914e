/** The real binary, run as people run it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { runCli } from '../../src/cli.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { learnSettings } from '../support/secrets-kept/known-secrets.ts';
import { lookThrough } from '../support/secrets-kept/leaks.ts';

const BINARY = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export type Environment = Readonly<Record<string, string>>;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** What a command prints and gives when it runs in this process: quicker than the binary, and as good but for signals. */
export async function cli(args: readonly string[], environment: Environment = {}): Promise<Outcome> {
  const startedAtMs = performance.now();
  const printed = { stdout: '', stderr: '' };
  learnEnvironment(environment);
  Object.entries(environment).forEach(([name, text]) => vi.stubEnv(name, text));
  const code = await runCli(args, {
    out: (line) => {
      lookThrough(line, 'what a command prints');
      printed.stdout += `${line}\n`;
    },
    error: (line) => {
      lookThrough(line, 'what a command complains of');
      printed.stderr += `${line}\n`;
    },
    signal: new AbortController().signal,
    onHangUp: () => undefined,
  });
  vi.unstubAllEnvs();
  return { code, ...printed, durationMs: performance.now() - startedAtMs };
}

function learnEnvironment(environment: Environment): void {
  Object.entries(environment).forEach(([name, text]) => learnSettings(`${name}=${text}`));
}

/** Runs the binary to its end. Nothing of this process's environment reaches it but where to find programs. */
export async function run(args: readonly string[], environment: Environment = {}): Promise<Outcome> {
  return new Running(args, environment).outcome;
}

/** A binary that runs until it is told to end; whatever happens, it ends with the test. */
export class Running {
  readonly outcome: Promise<Outcome>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], environment: Environment = {}) {
    const startedAtMs = performance.now();
    learnEnvironment(environment);
    this.#child = spawn(process.execPath, [BINARY, ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.outcome = once(this.#child, 'close').then(([code]: unknown[]) => ({
      code: typeof code === 'number' ? code : null,
      stdout: this.#stdout,
      stderr: this.#stderr,
      durationMs: performance.now() - startedAtMs,
    }));
    onTestFinished(() => {
      this.#child.kill('SIGKILL');
    });
  }

  /** What it printed so far, once that holds the text; fails when it ends before. */
  async printed(text: string): Promise<string> {
    await this.#until(this.#child.stdout, text, () => this.#stdout);
    return this.#stdout;
  }

  /** The same of its error output. */
  async complained(text: string): Promise<string> {
    await this.#until(this.#child.stderr, text, () => this.#stderr);
    return this.#stderr;
  }

  signal(name: 'SIGHUP'): void {
    this.#child.kill(name);
  }

  end(signal: 'SIGTERM' | 'SIGINT'): Promise<Outcome> {
    this.#child.kill(signal);
    return this.outcome;
  }

  async #until(stream: Readable, text: string, soFar: () => string): Promise<void> {
    const ended = this.outcome.then(({ code, stderr }) => {
      throw new Error(`expected "${text}", but it ended with ${String(code)}: ${stderr}`);
    });
    while (!soFar().includes(text)) {
      await Promise.race([once(stream, 'data'), ended]);
    }
    ended.catch(() => undefined);
  }
}

/** Writes a configuration file that is gone after the test, and gives what names it. */
export function configFile(yaml: string): { readonly GATEWAY_CONFIG: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'gateway.yaml');
  writeFileSync(path, yaml);
  learnSettings(yaml);
  return { GATEWAY_CONFIG: path };
}

/** The file of one account whose upstreams are a sandbox's. */
export function accountOf(
  { account, endpoints, regions, buckets }: Sandbox,
  change: { readonly secretKey?: string; readonly cos?: string } = {},
): string {
  return `
accounts:
  - name: media
    appId: "${account.appId}"
    uin: "${account.uin}"
    secretId: ${account.secretId}
    secretKey: ${change.secretKey ?? account.secretKey}
    cos: { regions: [${regions.join()}], endpoint: "${change.cos ?? endpoints.cos}" }
    batchCompute: { regions: [${regions.join()}], endpoint: "${endpoints.batchCompute}", requestsPerSecond: 100 }
    ci: { buckets: ${JSON.stringify(buckets)}, endpoint: "${endpoints.ci}" }
deadlines: { requestMs: 10000, attemptMs: 9000, drainMs: 500, drainDelayMs: 0 }
# A machine that is busy with other tests makes no overload of a few requests.
server: { maxEventLoopDelayMs: 60000 }
`;
}
