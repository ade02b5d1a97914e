import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { AUDIENCE, ISSUER, startIssuer } from '../support/issuer.ts';
import { Running } from './support.ts';

describe('serve with auth', () => {
  it('says whose token is needed, lets in with one, and prints nothing of any', async () => {
    const issuer = await startIssuer();
    const gateway = new Running(['serve'], {
      PORT: '0',
      LOG_LEVEL: 'debug',
      AUTH_JWKS_URL: issuer.jwksUrl,
      AUTH_JWT_ISSUER: ISSUER,
      AUTH_JWT_AUDIENCE: AUDIENCE,
    });
    const printed = await gateway.printed("}'");
    expect(printed).toContain(`Who asks needs a token of ${ISSUER}.`);
    expect(printed).toContain('-H "authorization: Bearer $TOKEN"');
    const [, url = ''] = /curl -s (\S+)/.exec(printed) ?? [];
    const ask = async (token: string): Promise<{ readonly status: number; readonly text: string }> => {
      const { statusCode, body } = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: '{ cosJobs(first: 1) { nodes { account } } }' }),
      });
      return { status: statusCode, text: await body.text() };
    };
    const good = await issuer.token({ accounts: ['sandbox'], sub: 'ada@example.test' });
    const bad = await issuer.token({ iss: 'https://other.test/', sub: 'eve@example.test' });
    expect(await ask(good)).toEqual({
      status: 200,
      text: '{"data":{"cosJobs":{"nodes":[{"account":"sandbox"}]}}}',
    });
    expect((await ask(bad)).status).toBe(401);
    const { stdout, stderr } = await gateway.end('SIGTERM');
    const told = stdout + stderr;
    for (const token of [good, bad]) {
      expect(token.split('.').filter((part) => told.includes(part))).toEqual([]);
    }
    expect(told).not.toMatch(/example\.test|other\.test/);
  });
});
