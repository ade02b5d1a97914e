import type { ServerResponse } from 'node:http';
import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AuthConfig, type Config, readConfig } from '../../src/config.ts';
import { createLiveApp, type LiveApp } from '../../src/live-app.ts';
import { listen } from '../../src/server/connections/listen.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';

const { server, ...settings } = readConfig({});
/** A machine that is busy with other tests makes no overload of a few requests. */
const OPEN: Config = { ...settings, server: { ...server, maxEventLoopDelayMs: 60_000 } };

interface Asking {
  readonly live: LiveApp;
  /** The status for one who brings no token. */
  askWithout(): Promise<number>;
  /** The status for one who brings a new token of the issuer's. */
  ask(issuer: TestIssuer): Promise<number>;
}

async function start(auth: AuthConfig | null): Promise<Asking> {
  const live = createLiveApp({ ...OPEN, auth });
  const { url, close } = await listen(live.listener, { host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await close(0);
    await live.close();
  });
  const statusOf = async (headers: Readonly<Record<string, string>> = {}): Promise<number> => {
    const { statusCode, body } = await request(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close', ...headers },
      body: JSON.stringify({ query: '{ origins { account } }' }),
    });
    await body.dump();
    return statusCode;
  };
  return {
    live,
    askWithout: () => statusOf(),
    ask: async (issuer) => statusOf({ authorization: `Bearer ${await issuer.token()}` }),
  };
}

describe('a configuration that is read anew', () => {
  it('may ask callers for tokens from now on, or for others, and cannot let in who has none', async () => {
    const [first, second] = [await startIssuer(), await startIssuer()];
    const { live, ask, askWithout } = await start(null);
    expect(await askWithout()).toBe(200);

    expect(live.replace({ ...OPEN, auth: first.auth() })).toMatchObject({ isNew: true, kept: [] });
    expect([await askWithout(), await ask(first), await ask(second)]).toEqual([401, 200, 401]);

    live.replace({ ...OPEN, auth: second.auth() });
    expect([await askWithout(), await ask(first), await ask(second)]).toEqual([401, 401, 200]);

    expect(live.replace(OPEN)).toMatchObject({ kept: ['auth'] });
    expect([await askWithout(), await ask(first), await ask(second)]).toEqual([401, 401, 200]);
  });
});

describe('the keys of an issuer', () => {
  it('are known to the next configuration, however it wants them treated: callers come in while the issuer is away', async () => {
    const issuer = await startIssuer();
    const { live, ask } = await start(issuer.auth());
    expect(await ask(issuer)).toBe(200);
    await issuer.down();
    const later = [
      { clockToleranceSeconds: 6 },
      { jwksKeepMs: 7_200_000 },
      { jwksTimeoutMs: 100 },
      { audience: ['jobs-gateway', 'another'] },
    ].map((changes) => issuer.auth(changes));
    for (const auth of later) {
      const { isNew, isOver } = live.replace({ ...OPEN, auth });
      expect(isNew).toBe(true);
      await isOver;
      expect(await ask(issuer)).toBe(200);
    }
    expect(issuer.requests()).toBe(1);
  });

  it('are read once, when configurations follow each other while they are being read', async () => {
    const issuer = await startIssuer();
    const { live, ask } = await start(issuer.auth());
    const waiting: ServerResponse[] = [];
    issuer.answer((response) => waiting.push(response));
    const asked = [ask(issuer)];
    await expect.poll(() => issuer.requests()).toBe(1);
    for (const clockToleranceSeconds of [6, 7]) {
      live.replace({ ...OPEN, auth: issuer.auth({ clockToleranceSeconds }) });
      asked.push(ask(issuer));
    }
    waiting.forEach((response) => response.end(JSON.stringify({ keys: [issuer.key().publicJwk] })));
    expect(await Promise.all(asked)).toEqual([200, 200, 200]);
    expect(issuer.requests()).toBe(1);
  });

  it('that are published at another address are read there', async () => {
    const [first, second] = [await startIssuer(), await startIssuer()];
    const { live, ask } = await start(first.auth());
    expect(await ask(first)).toBe(200);
    await second.down();
    live.replace({ ...OPEN, auth: second.auth({ jwksRetryMs: 1 }) });
    expect([await ask(first), await ask(second)]).toEqual([503, 503]);
    await second.up();
    await expect.poll(() => ask(second)).toBe(200);
    expect(await ask(first)).toBe(401);
  });

  it('are forgotten with the last configuration that names their address', async () => {
    const [first, second] = [await startIssuer(), await startIssuer()];
    const { live, ask } = await start(first.auth());
    expect(await ask(first)).toBe(200);
    await live.replace({ ...OPEN, auth: second.auth() }).isOver;
    await first.down();
    live.replace({ ...OPEN, auth: first.auth() });
    expect(await ask(first)).toBe(503);
  });
});
