import { parseArgs } from 'node:util';
import { startSandbox } from '../sandbox/sandbox.ts';
import { type Command, EXIT, untilAborted } from './terminal.ts';

const PORTS = { cos: 9_001, batchCompute: 9_002, ci: 9_003 };

export const sandbox: Command = {
  help: `jobs-gateway sandbox [--unlimited]

Runs the three simulated upstreams alone, on fixed ports of this machine, and prints their
addresses and the key pair that they accept, so that other clients can be pointed at them.

  --unlimited   without BatchCompute's limit of two calls a second`,
  run: async (args, terminal) => {
    const { values } = parseArgs({ args: [...args], options: { unlimited: { type: 'boolean' } } });
    const running = await startSandbox({
      ports: PORTS,
      batchComputeRequestsPerSecond: values.unlimited === true ? null : 2,
    });
    const { endpoints, account, regions, buckets } = running;
    [
      'Three simulated upstreams. Connect here, but send the real Host; the data is invented.',
      `  COS           ${endpoints.cos}   Host: ${account.uin}.cos-control.<region>.myqcloud.com`,
      `  BatchCompute  ${endpoints.batchCompute}   Host: batch.tencentcloudapi.com`,
      `  CI            ${endpoints.ci}   Host: <bucket>.ci.<region>.myqcloud.com`,
      `  regions       ${regions.join(', ')}`,
      `  buckets       ${buckets.map(({ name, region }) => `${name}@${region}`).join(', ')}`,
      `  appid, uin    ${account.appId}, ${account.uin}`,
      `  SecretId      ${account.secretId}`,
      `  SecretKey     ${account.secretKey}`,
    ].forEach((line) => terminal.out(line));
    await untilAborted(terminal.signal);
    await running.close();
    return EXIT.ok;
  },
};
