import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { inEmptyWorld } from '../../e2e/support.ts';
import { ask, startGateway } from '../support.ts';

const QUERY = JSON.stringify({ query: '{ origins { source } }' });
const TYPES = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };

/** How long a query takes whose upstream hangs, and the codes of its errors. */
async function askTheHung({
  requestMs,
  header,
}: {
  requestMs: number;
  header?: string;
}): Promise<{ readonly tookMs: number; readonly status: number; readonly codes: readonly unknown[] }> {
  const outcomes: { tookMs: number; status: number; codes: readonly unknown[] }[] = [];
  await inEmptyWorld(
    async ({ sandbox, url }) => {
      sandbox.faults.add({ upstream: 'cos', fault: { kind: 'hang' } });
      const startedMs = performance.now();
      const { status, codes } = await ask(url, {
        method: 'POST',
        headers: { ...TYPES, ...(header === undefined ? {} : { 'x-timeout-ms': header }) },
        body: JSON.stringify({ query: '{ cosJobs(first: 1) { totalCount } }' }),
      });
      outcomes.push({ tookMs: performance.now() - startedMs, status, codes });
    },
    { config: { deadlines: { ...readConfig({}).deadlines, requestMs } } },
  );
  return outcomes[0]!;
}

describe('x-timeout-ms', () => {
  it('ends a request earlier than it would end by itself', async () => {
    const { tookMs, status, codes } = await askTheHung({ requestMs: 5_000, header: '300' });
    expect([status, codes]).toEqual([200, ['UPSTREAM_TIMEOUT']]);
    expect(tookMs).toBeGreaterThan(290);
    expect(tookMs).toBeLessThan(2_000);
  });

  it.each(['600000', '9'.repeat(400)])('never makes it last longer: %s', async (header) => {
    const { tookMs, codes } = await askTheHung({ requestMs: 400, header });
    expect(codes).toEqual(['UPSTREAM_TIMEOUT']);
    expect(tookMs).toBeGreaterThan(390);
    expect(tookMs).toBeLessThan(2_000);
  });

  it.each(['1', '007', '10000', ' 5 '])('is a whole number of milliseconds: %j', async (header) => {
    const { send } = await startGateway();
    const headers = { ...TYPES, 'x-timeout-ms': header };
    const { status, codes } = await send({ method: 'POST', headers, body: QUERY });
    expect([status, codes]).toEqual([200, []]);
  });

  it.each(['0', '00', '-1', '+5', '1.5', '1e3', '0x10', '5s', '5, 5', 'soon', '', 'Infinity', '٣'])(
    'is 400 BAD_REQUEST with anything else, whatever is accepted: %j',
    async (header) => {
      const { send, bugs } = await startGateway();
      for (const accept of ['application/graphql-response+json', 'application/json']) {
        const { status, codes, text } = await send({
          method: 'POST',
          // A header is bytes; undici takes them as Latin-1.
          headers: { ...TYPES, accept, 'x-timeout-ms': Buffer.from(header).toString('latin1') },
          body: QUERY,
        });
        expect([status, codes]).toEqual([400, ['BAD_REQUEST']]);
        expect(text).toContain('x-timeout-ms to be a whole number of milliseconds from 1');
        expect(JSON.parse(text)).not.toHaveProperty('data');
      }
      expect(bugs).toEqual([]);
    },
  );

  it('is looked at in a GET too, and before the body is', async () => {
    const { send } = await startGateway();
    const headers = { ...TYPES, 'apollo-require-preflight': 'true', 'x-timeout-ms': 'soon' };
    const get = await send({
      path: `/graphql?query=${encodeURIComponent('{ origins { source } }')}`,
      headers,
    });
    expect([get.status, get.codes]).toEqual([400, ['BAD_REQUEST']]);
    const post = await send({ method: 'POST', headers, body: '{ no JSON' });
    expect(post.text).toContain('x-timeout-ms');
  });
});
