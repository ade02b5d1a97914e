import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { startWorld, type World } from '../support/world.ts';

/**
 * The audits of GraphQL over HTTP by its working group's reference implementation, MUST, SHOULD and MAY, with all limits as they
 * are by default. They ask about the graph, so introspection is on; and their GETs carry the header without which this gateway
 * runs no text of a URL.
 */
let world: World;

beforeAll(async () => {
  const { server } = readConfig({});
  world = await startWorld({ config: { server: { ...server, introspection: true } } });
});
afterAll(() => world.close());

function fetchFn(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('apollo-require-preflight', '1');
  return fetch(url, { ...init, headers });
}

const audits = serverAudits({ url: () => `${world.url}/graphql`, fetchFn });

describe('the audits of graphql-http', () => {
  it('are all there', () => {
    expect(audits).toHaveLength(61);
  });

  it.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_name, audit) => {
    const result = await audit.fn();
    expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok');
  });
});
