import { describe, expect, it } from 'vitest';
import { createCallerCheck } from '../../../src/server/auth/caller-check.ts';
import type { Principal } from '../../../src/model/principal.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { startIssuer } from '../../support/issuer.ts';

async function principalOf(claims: Record<string, unknown>, accountsClaim = 'accounts'): Promise<Principal> {
  const issuer = await startIssuer();
  const clock = new FakeClock();
  const callers = createCallerCheck(issuer.auth({ accountsClaim }), clock);
  const token = await issuer.token(claims, { nowMs: clock.now() });
  try {
    return await callers.principalOf([`Bearer ${token}`]);
  } finally {
    callers.close();
  }
}

describe('who a token says that somebody is', () => {
  it('is told apart by a digest of its subject, which tells no name', async () => {
    const { subject } = await principalOf({ sub: 'ada@example.test' });
    expect(subject).toMatch(/^[0-9a-f]{16}$/);
    expect((await principalOf({ sub: 'ada@example.test' })).subject).toBe(subject);
    expect((await principalOf({ sub: 'bob@example.test' })).subject).not.toBe(subject);
  });

  it.each([undefined, '', 7, null])('is nobody in particular with the subject %j', async (sub) => {
    expect((await principalOf({ sub })).subject).toBeNull();
  });
});

describe('the accounts of a token', () => {
  it.each([
    ['*', 'all'],
    [['*'], 'all'],
    [['media', '*'], 'all'],
    ['media', new Set(['media'])],
    ['media  archive ', new Set(['media', 'archive'])],
    [['media', 'archive', 'media'], new Set(['media', 'archive'])],
    ['media,archive', new Set(['media,archive'])],
    [[], new Set()],
    [undefined, new Set()],
    [null, new Set()],
  ])('are, by the claim %j, %o', async (accounts, expected) => {
    expect((await principalOf({ accounts })).accounts).toEqual(expected);
  });

  it.each([true, 7, { media: true }, ['media', null], [['media']]])(
    'are no permission where the claim is %j',
    async (accounts) => {
      await expect(principalOf({ accounts })).rejects.toThrow('the caller is refused: claims');
    },
  );

  it('stand in the claim that is configured, and in no other', async () => {
    const claim = 'https://issuer.test/accounts';
    const { accounts } = await principalOf({ [claim]: ['media'], accounts: '*' }, claim);
    expect(accounts).toEqual(new Set(['media']));
    expect((await principalOf({ accounts: '*' }, claim)).accounts).toEqual(new Set());
    expect((await principalOf({}, 'constructor')).accounts).toEqual(new Set());
  });
});

describe('the time at which a token is looked at', () => {
  it('is that of the clock which the gateway is given', async () => {
    const issuer = await startIssuer();
    const clock = new FakeClock();
    const callers = createCallerCheck(issuer.auth({ clockToleranceSeconds: 5 }), clock);
    const authorization = [`Bearer ${await issuer.token({}, { nowMs: clock.now() })}`];
    await clock.advance(604_000);
    await expect(callers.principalOf(authorization)).resolves.toMatchObject({ accounts: new Set() });
    await clock.advance(1_000);
    await expect(callers.principalOf(authorization)).rejects.toThrow('the caller is refused: expired');
    callers.close();
  });
});
