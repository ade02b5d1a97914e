import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Config, readConfig } from '../../src/config.ts';
import { createLiveApp } from '../../src/live-app.ts';
import { listen } from '../../src/server/listen.ts';
import { startIssuer } from '../support/issuer.ts';

async function statusOf(url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const { statusCode, body } = await request(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: '{ origins { account } }' }),
  });
  await body.dump();
  return statusCode;
}

describe('a configuration that is read anew', () => {
  it('may ask callers for tokens from now on, or for others, and cannot let in who has none', async () => {
    const [first, second] = [await startIssuer(), await startIssuer()];
    const open: Config = readConfig({});
    const live = createLiveApp(open, {});
    const server = await listen(live.listener, { host: '127.0.0.1', port: 0 });
    onTestFinished(async () => {
      await server.close(0);
      await live.close();
    });
    const ask = async (issuer: typeof first): Promise<number> =>
      statusOf(server.url, { authorization: `Bearer ${await issuer.token()}`, connection: 'close' });
    expect(await statusOf(server.url)).toBe(200);

    expect(live.replace({ ...open, auth: first.auth() })).toMatchObject({ isNew: true, kept: [] });
    expect([await statusOf(server.url), await ask(first), await ask(second)]).toEqual([401, 200, 401]);

    live.replace({ ...open, auth: second.auth() });
    expect([await statusOf(server.url), await ask(first), await ask(second)]).toEqual([401, 401, 200]);

    expect(live.replace(open)).toMatchObject({ kept: ['auth'] });
    expect([await statusOf(server.url), await ask(first), await ask(second)]).toEqual([401, 401, 200]);
  });
});
