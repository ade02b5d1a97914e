import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { KeySets } from '../../../src/server/auth/key-sets.ts';
import { startIssuer } from '../../support/issuer.ts';

const READ = { pauseMs: 0, timeoutMs: 60_000 };

describe('the key sets of a process', () => {
  it('are one for each address, for as long as anybody uses it', async () => {
    const issuer = await startIssuer();
    const keySets = new KeySets(systemClock);
    const first = keySets.open(issuer.jwksUrl);
    await first.read(READ);
    expect(keySets.open(issuer.jwksUrl)).toBe(first);
    expect(keySets.open(`${issuer.jwksUrl}?tenant=2`).known).toBeNull();
    keySets.release(issuer.jwksUrl);
    const next = keySets.open(issuer.jwksUrl);
    expect(next).toBe(first);
    expect(next.known).not.toBeNull();
    keySets.release(issuer.jwksUrl);
    keySets.release(issuer.jwksUrl);
    expect(keySets.open(issuer.jwksUrl).known).toBeNull();
    expect(issuer.requests()).toBe(1);
  });

  it('end what they are reading when the last one leaves', async () => {
    const issuer = await startIssuer();
    const asked = Promise.withResolvers<ServerResponse>();
    issuer.answer(asked.resolve);
    const keySets = new KeySets(systemClock);
    const keySet = keySets.open(issuer.jwksUrl);
    const reading = keySet.read(READ);
    const cut = once(await asked.promise, 'close');
    keySets.release(issuer.jwksUrl);
    await reading;
    await cut;
    expect([keySet.known, keySet.hasFailed]).toEqual([null, true]);
  });

  it.each([
    ['an answer', (response: ServerResponse) => response.end('{"keys":[{"kty":"EC"}]}')],
    ['a refusal that goes on for ever', (response: ServerResponse) => response.writeHead(404).write('x')],
    ['an answer that is too long', (response: ServerResponse) => response.write(' '.repeat(200_000))],
    ['an answer that stops halfway', (response: ServerResponse) => response.write('{"keys":')],
  ])('leave no connection behind after %s', async (_name, how) => {
    const issuer = await startIssuer();
    const closed = Promise.withResolvers<void>();
    issuer.answer((response) => {
      response.socket?.once('close', closed.resolve);
      how(response);
    });
    const keySets = new KeySets(systemClock);
    await keySets.open(issuer.jwksUrl).read({ pauseMs: 0, timeoutMs: 500 });
    await closed.promise;
    expect(issuer.requests()).toBe(1);
  });
});
