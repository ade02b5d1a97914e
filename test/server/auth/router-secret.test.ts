import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { startWorld, type World } from '../../support/world.ts';

const SECRET = 'only-the-router-knows-this';
const NEXT_SECRET = 'and-soon-it-will-know-that';
let world: World;

beforeAll(async () => {
  world = await startWorld({
    cache: { memoryBytes: 1_048_576 },
    config: { federation: { routerSecrets: [new Secret(SECRET), new Secret(NEXT_SECRET)], relayNode: true } },
  });
});
afterAll(async () => {
  await world.close();
});

async function ask(query: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...headers,
    },
    body: JSON.stringify({ query }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: JSON.parse(text) };
}

const SERVICE = '{ _service { sdl } }';
const ENTITIES = '{ _entities(representations: []) { __typename } }';

describe('a router secret', () => {
  it.each([
    [SERVICE, SECRET],
    [ENTITIES, SECRET],
    [SERVICE, NEXT_SECRET],
  ])('opens %s to who has one (%s)', async (query, secret) => {
    const { status, body } = await ask(query, { 'router-authorization': secret });
    expect(status).toBe(200);
    expect(body.errors).toBeUndefined();
  });

  it.each([SERVICE, ENTITIES])('makes %s unknown to others, as a field that is not there', async (query) => {
    const { status, body, text } = await ask(query);
    expect(status).toBe(400);
    expect(body.errors[0].extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(text).not.toContain('@key');
  });

  it('shows introspection what the asker may ask', async () => {
    const query = '{ __type(name: "Query") { fields { name } } }';
    expect((await ask(query, { 'router-authorization': SECRET })).text).toContain('_entities');
    const { text } = await ask(query);
    expect(text).toContain('"jobs"');
    expect(text).not.toContain('_entities');
  });

  it.each([
    'only-the-router-knows-thi',
    'only-the-router-knows-this!',
    'ONLY-THE-ROUTER-KNOWS-THIS',
    `Bearer ${SECRET}`,
    createHash('sha256').update(SECRET).digest('hex'),
  ])('refuses another one, whatever is asked (%s)', async (secret) => {
    for (const query of ['{ __typename }', SERVICE]) {
      const { status, body, headers, text } = await ask(query, { 'router-authorization': secret });
      expect(status).toBe(401);
      expect(body.errors[0].extensions.code).toBe('UNAUTHENTICATED');
      expect(headers.get('www-authenticate')).toBe('Router-Authorization');
      expect(headers.get('cache-control')).not.toMatch(/public|max-age/);
      expect(text).not.toContain(SECRET);
    }
  });

  it('is not asked of clients, who ask the graph as ever', async () => {
    const { status, body } = await ask('{ jobs(first: 1) { nodes { id } } }');
    expect(status).toBe(200);
    expect(body.data.jobs.nodes).toHaveLength(1);
  });

  it('keeps a router’s answers from clients, however often both ask', async () => {
    const query = '{ jobs(first: 1) { nodes { id } } _service { sdl } }';
    for (let round = 0; round < 3; round += 1) {
      expect((await ask(query, { 'router-authorization': SECRET })).status).toBe(200);
      expect((await ask(query)).status).toBe(400);
    }
  });
});

describe('the setting', () => {
  it('may be a list, so that a secret can be changed without a gap', () => {
    const file = `federation: { routerSecret: [${SECRET}, ${NEXT_SECRET}] }\naccounts: [{ name: a, secretId: b, secretKey: c, batchCompute: { regions: [ap-guangzhou] } }]`;
    const { routerSecrets } = readConfig({ GATEWAY_CONFIG: 'file' }, () => file).federation;
    expect(routerSecrets.map((secret) => secret.reveal())).toEqual([SECRET, NEXT_SECRET]);
  });

  it('comes from the environment, and is never shown', () => {
    const config = readConfig({ FEDERATION_ROUTER_SECRET: SECRET });
    expect(config.federation.routerSecrets.map((secret) => secret.reveal())).toEqual([SECRET]);
    expect(JSON.stringify(config)).not.toContain(SECRET);
    expect(() => readConfig({ FEDERATION_ROUTER_SECRET: 'too-short-7f3a' })).toThrow(
      /FEDERATION_ROUTER_SECRET: expected 16 or more printable characters(?!.*7f3a)/,
    );
  });
});
