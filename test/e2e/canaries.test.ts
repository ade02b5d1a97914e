import { describe, expect, it } from 'vitest';
import { startTracing } from '../../src/telemetry/trace.ts';
import { ask } from '../server/support.ts';
import { expectNoCanary, startCanaryWorld } from '../support/canaries.ts';
import { startCollector } from '../support/collector.ts';
import { CANARIES } from '../support/secrets-kept/canaries.ts';
import { formsOf } from '../support/secrets-kept/forms.ts';
import { letAnswerWithSecrets } from '../support/secrets-kept/watch.ts';
import { recordLog, requestsEnded } from '../support/seen.ts';

const QUERIES = [
  '{ cosJobs(first: 2) { nodes { jobId failures { reason } } } }',
  '{ batchComputeJobs(first: 2) { nodes { jobId stateReason } } }',
  '{ jobs(first: 3) { nodes { id } origins { source outcome error { code upstreamCode } } } }',
  'query Var($id: ID!) { job(id: $id) { displayName } }',
  '{ nope }',
];

describe('the search for canaries', () => {
  it.each(Object.keys(formsOf(CANARIES.secretKey)))('finds a secret %s', (form) => {
    const [, hidden = ''] = Object.entries(formsOf(CANARIES.secretKey)).find(([name]) => name === form) ?? [];
    expect(() => expectNoCanary({ output: `before ${hidden} after` })).toThrow(/secretKey/);
  });

  it.each([0, 1, 2, 3, 4])('finds one within base64 of more, %i characters in', (before) => {
    const text = `${'x'.repeat(before)}${CANARIES.secretKey}yy`;
    expect(() => expectNoCanary({ output: Buffer.from(text).toString('base64') })).toThrow(/secretKey/);
  });
});

describe('the log, the metrics, the traces and the waterfall', () => {
  it('hold no secret of the account, the router or the client, whatever goes wrong', async () => {
    const { texts } = recordLog();
    const collector = await startCollector();
    const tracing = startTracing({
      otlpUrl: collector.url,
      serviceName: 'jobs-gateway',
      samplePercent: 100,
      maxQueuedSpans: 10_000,
      exportEveryMs: 1_000,
      exportTimeoutMs: 5_000,
    });
    const world = await startCanaryWorld();
    letAnswerWithSecrets(...Object.values(world.sandbox.endpoints));
    const answers: string[] = [];
    const askAll = async (headers: Readonly<Record<string, string>>): Promise<void> => {
      const ended = requestsEnded(QUERIES.length);
      for (const query of QUERIES) {
        const { text } = await ask(world.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-upstream-trace': '1', ...headers },
          body: JSON.stringify({ query, variables: { id: CANARIES.variable } }),
        });
        answers.push(JSON.stringify((JSON.parse(text) as { extensions?: unknown }).extensions));
      }
      await ended;
    };
    try {
      await askAll({});
      await askAll({
        authorization: `Bearer ${CANARIES.clientToken}`,
        cookie: `session=${CANARIES.clientToken}`,
        'router-authorization': CANARIES.routerSecret,
        'x-graphql-client': '../not a name',
      });
      const text = `${CANARIES.secretId} ${CANARIES.secretKey} ${CANARIES.uin}`;
      for (const upstream of ['cos', 'batchCompute', 'ci'] as const) {
        world.sandbox.faults.add({
          upstream,
          fault: { kind: 'error', code: 'SomethingNew', status: 500, message: text },
        });
      }
      await askAll({});
      const metrics = await ask(world.url, { path: '/metrics' });
      await tracing.stop(5_000);
      expect(answers.some((answer) => answer.includes('"action":"ListJobs"'))).toBe(true);
      expect(texts.some((line) => line.includes('upstream-call'))).toBe(true);
      expect(collector.spans.length).toBeGreaterThan(QUERIES.length);
      expect(metrics.text).toContain('jobs_gateway_upstream_unknown_codes_total');
      const outputs = {
        log: texts.join(''),
        metrics: metrics.text,
        traces: collector.texts.join('\n'),
        waterfalls: answers.join('\n'),
      };
      expectNoCanary(outputs);
      // Nor a host, an address or a part of a signature.
      for (const output of Object.values(outputs)) {
        expect(output).not.toMatch(/127\.0\.0\.1|myqcloud|tencentcloudapi|q-sign|TC3-HMAC|signature=/i);
      }
    } finally {
      await world.close();
    }
  });
});
