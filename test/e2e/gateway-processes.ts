import type { Config } from '../../src/config.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { configFile, Running } from '../commands/support.ts';
import { type Asks, asksAt } from './kept.ts';
import { BUCKET, REGION } from './support.ts';

export interface GatewayProcess extends Asks {
  readonly url: string;
}

/** Gateways as people run them, each a process of its own, that read one place of each source; they end with the test. */
export async function startProcesses(
  count: number,
  sandbox: Sandbox,
  redisUrl: string,
  cache: Partial<Config['cache']> = {},
): Promise<GatewayProcess[]> {
  const file = configFile(yamlOf(sandbox, redisUrl, cache));
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const running = new Running(['serve'], { ...file, PORT: '0' });
      const [, url = ''] = /serves (\S+)\/graphql/.exec(await running.printed('/graphql\n')) ?? [];
      return { url, ...asksAt(url) };
    }),
  );
}

function yamlOf({ account, endpoints }: Sandbox, redisUrl: string, cache: Partial<Config['cache']>): string {
  return `
redis: { url: "${redisUrl}" }
# A machine that is busy with other tests makes no overload of a few requests.
server: { maxEventLoopDelayMs: 60000 }
cache: ${JSON.stringify({ redisReadMs: 5_000, redisWriteMs: 5_000, ...cache })}
accounts:
  - name: sandbox
    appId: "${account.appId}"
    uin: "${account.uin}"
    secretId: ${account.secretId}
    secretKey: ${account.secretKey}
    cos: { regions: [${REGION}], endpoint: "${endpoints.cos}" }
    batchCompute: { regions: [${REGION}], endpoint: "${endpoints.batchCompute}", requestsPerSecond: 1000 }
    ci: { buckets: [{ name: ${BUCKET}, region: ap-beijing }], endpoint: "${endpoints.ci}" }
`;
}
