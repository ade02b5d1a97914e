import { describe, expect, it, onTestFinished } from 'vitest';
import type { GraphContext } from '../../../src/graphql/context.ts';
import { schema } from '../../../src/graphql/schema.ts';
import { callerOf } from '../../../src/server/http/caller.ts';
import { createGateway } from '../../../src/server/gateway.ts';
import { listen } from '../../../src/server/connections/listen.ts';
import { inEmptyWorld } from '../../e2e/support.ts';
import { ask } from '../support.ts';

const TYPES = { 'content-type': 'application/json' };
const BODY = JSON.stringify({ query: '{ __typename }' });

/** Who a request with these headers, sent over a socket, is taken for. */
async function callerWith(headers: Readonly<Record<string, string>>): Promise<string | undefined> {
  const callers: string[] = [];
  const gateway = createGateway({
    schema,
    contextFor: ({ caller }) => {
      callers.push(caller);
      // What is asked needs no context.
      return {} as GraphContext;
    },
    readiness: () => ({ isDraining: false, details: {} }),
    introspection: false,
    graphiqlTabs: null,
    maxBodyBytes: 10_000,
    onBug: () => undefined,
  });
  const { url, close } = await listen((incoming, outgoing) => void gateway(incoming, outgoing), {
    host: '127.0.0.1',
    port: 0,
  });
  onTestFinished(() => close(0));
  const { status } = await ask(url, { method: 'POST', headers: { ...TYPES, ...headers }, body: BODY });
  expect([status, callers.length]).toEqual([200, 1]);
  return callers[0];
}

describe('a caller', () => {
  it.each([
    [{ 'x-graphql-client': 'console' }, 'client:console'],
    [{ 'apollographql-client-name': 'ios app/2.1' }, 'client:ios app/2.1'],
    [{ 'x-graphql-client': 'console', 'apollographql-client-name': 'ios' }, 'client:console'],
    [{ 'x-graphql-client': '', 'apollographql-client-name': 'ios' }, 'client:ios'],
    [{ 'x-graphql-client': 'n'.repeat(64) }, `client:${'n'.repeat(64)}`],
  ])('is known by the name it gives: %j', async (headers, caller) => {
    expect(await callerWith(headers)).toBe(caller);
  });

  it.each([
    {},
    { 'x-graphql-client': 'n'.repeat(65) },
    { 'x-graphql-client': '<script>' },
    { 'x-graphql-client': 'a\tb' },
    { 'x-graphql-client': 'caf\u00e9' },
    { 'x-graphql-client': 'a, b' },
    { 'x-forwarded-for': '10.0.0.1', forwarded: 'for=10.0.0.1' },
  ])('without a clean one is known by its address: %j', async (headers) => {
    expect(await callerWith(headers)).toBe('address:127.0.0.1');
  });

  it('cannot take an address for its name', async () => {
    expect(await callerWith({ 'x-graphql-client': '127.0.0.1' })).toBe('client:127.0.0.1');
    expect(await callerWith({ 'x-graphql-client': 'address:127.0.0.1' })).toBe('address:127.0.0.1');
  });

  it('with a token is its subject, whatever it calls itself and wherever it is', () => {
    const headers = new Headers({ 'x-graphql-client': 'console' });
    expect(callerOf(headers, '127.0.0.1', 'abc')).toBe('subject:abc');
    expect(callerOf(new Headers({ 'x-graphql-client': 'subject:abc' }), '127.0.0.1', null)).toBe(
      'address:127.0.0.1',
    );
  });

  it('is unknown where there is no socket', () => {
    expect(callerOf(new Headers(), undefined)).toBe('unknown');
    expect(callerOf(new Headers({ 'x-graphql-client': 'console' }), undefined)).toBe('client:console');
  });

  it('with little to ask does not wait behind one that asks much', async () => {
    await inEmptyWorld(
      async ({ url, calls }) => {
        const askAs = (client: string, first: number): Promise<unknown> =>
          ask(url, {
            method: 'POST',
            headers: { ...TYPES, 'x-graphql-client': client },
            body: JSON.stringify({ query: `{ batchComputeJobs(first: ${first}) { totalCount } }` }),
          });
        // The first page sizes are the greedy one's: each is a question, and so a call, of its own.
        const greedy = Array.from({ length: 8 }, (_, index) => askAs('greedy', index + 1));
        await expect.poll(() => calls().length).toBeGreaterThan(0);
        await Promise.all([...greedy, askAs('modest', 50)]);
        const limits = calls('DescribeJobs').map(({ params }) => Number(params['Limit']));
        expect(limits).toHaveLength(9);
        expect(limits.indexOf(Math.max(...limits))).toBeLessThan(5);
      },
      { requestsPerSecond: 5 },
    );
  });
});
