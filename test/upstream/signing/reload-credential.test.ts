import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import type { Credential } from '../../../src/model/credential.ts';
import { upstreamErrorFor } from '../../../src/upstream/error-table.ts';
import { heldCredential } from '../../../src/upstream/signing/held-credential.ts';
import { type CredentialHolder, reloadCredential } from '../../../src/upstream/signing/reload-credential.ts';
import { compose, type Send, type UpstreamResponse } from '../../../src/upstream/send.ts';
import { sign } from '../../../src/upstream/signing/sign.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { aRequest, aScope, COS_ORIGIN } from '../support.ts';

function credential(token: string): Credential {
  return {
    secretId: new Secret('AKIDCANARY'),
    secretKey: new Secret('CANARYKEY'),
    sessionToken: new Secret(token),
  };
}

/** Where the credential is configured. */
class Place {
  token = 'old';
  readings = 0;
  fault: Error | null = null;
  /** When set, readings wait for it. */
  gate: Promise<void> | null = null;

  readonly read = async (): Promise<Credential> => {
    this.readings += 1;
    await this.gate;
    if (this.fault !== null) {
      throw this.fault;
    }
    return credential(this.token);
  };
}

interface World {
  readonly clock: FakeClock;
  readonly place: Place;
  readonly holder: CredentialHolder;
  readonly failures: unknown[];
  /** The tokens that attempts came with. */
  readonly tokens: string[];
  /** The token that the upstream accepts. */
  valid: string;
  readonly send: Send;
  /** Another origin of the same account. */
  readonly otherSend: Send;
}

/** The layer as in the onion, and an upstream that takes 10 ms and refuses all tokens but one. */
function world(refusal = 'ExpiredToken'): World {
  const clock = new FakeClock();
  const place = new Place();
  const failures: unknown[] = [];
  const tokens: string[] = [];
  const holder = heldCredential({
    initial: credential('old'),
    reread: place.read,
    onFailed: (error) => failures.push(error),
  });
  const inner: Send = async (request, scope) => {
    const token = request.headers['x-cos-security-token'] ?? '';
    tokens.push(token);
    await clock.sleep(10, scope.signal);
    const isRight = token === there.valid;
    return request.decode({
      status: isRight ? 200 : 400,
      headers: {},
      body: isRight ? 'ok' : refusal,
      receivedAtMs: clock.now(),
    });
  };
  const signer = (): Record<string, string> => ({
    'x-cos-security-token': holder.current().sessionToken!.reveal(),
  });
  const open = (): Send => {
    const renewal = reloadCredential(holder, clock);
    return compose([renewal.call, renewal.attempt, sign(signer, clock)], inner);
  };
  const there = {
    clock,
    place,
    holder,
    failures,
    tokens,
    valid: 'old',
    send: open(),
    otherSend: open(),
  };
  return there;
}

/** As a source's client does it: an error of the upstream, or the body. */
function decode(response: UpstreamResponse): UpstreamResponse {
  if (response.status !== 200) {
    const { status: httpStatus, body: upstreamCode } = response;
    throw upstreamErrorFor(COS_ORIGIN, { httpStatus, upstreamCode, requestId: 'R1' });
  }
  return response;
}

function begin({ clock }: World, send: Send): Promise<unknown> {
  return send(aRequest({ decode }), aScope(5_000, clock)).then(
    ({ body }) => body,
    (error: unknown) => error,
  );
}

async function ask(there: World): Promise<unknown> {
  const outcome = begin(there, there.send);
  await there.clock.advance(100);
  return outcome;
}

const REFUSED = { code: 'UPSTREAM_AUTH_FAILED', upstreamCode: 'ExpiredToken' };

describe('a session token that is over', () => {
  it('is replaced by the one that is configured now, and the call succeeds', async () => {
    const there = world();
    expect(await ask(there)).toBe('ok');
    expect(there.place.readings).toBe(0);
    there.valid = there.place.token = 'new';
    expect(await ask(there)).toBe('ok');
    expect(await ask(there)).toBe('ok');
    expect(there.tokens).toEqual(['old', 'old', 'new', 'new']);
    expect(there.place.readings).toBe(1);
  });

  it('stays when there is no other: the error stays, after one attempt and one reading each time', async () => {
    const there = world();
    there.valid = 'new';
    const before = there.holder.current();
    for (const times of [1, 2]) {
      expect(await ask(there)).toMatchObject(REFUSED);
      expect([there.tokens.length, there.place.readings]).toEqual([times, times]);
    }
    expect(there.holder.current()).toBe(before);
    expect(there.failures).toEqual([]);
  });

  it('is replaced once for a call: what the second attempt is told is the outcome', async () => {
    const there = world();
    there.valid = 'newer';
    there.place.token = 'new';
    expect(await ask(there)).toMatchObject(REFUSED);
    expect(there.tokens).toEqual(['old', 'new']);
    there.place.token = 'newer';
    expect(await ask(there)).toBe('ok');
    expect(there.tokens).toEqual(['old', 'new', 'new', 'newer']);
  });

  it('stays, told once for each try, while the configuration cannot be read; the next need tries again', async () => {
    const there = world();
    there.valid = there.place.token = 'new';
    there.place.fault = new Error('half written');
    expect(await ask(there)).toMatchObject(REFUSED);
    expect(await ask(there)).toMatchObject(REFUSED);
    expect(there.failures).toEqual([there.place.fault, there.place.fault]);
    there.place.fault = null;
    expect(await ask(there)).toBe('ok');
    expect(there.tokens).toEqual(['old', 'old', 'old', 'new']);
  });

  it.each(['SignatureDoesNotMatch', 'InvalidAccessKeyId', 'AccessDenied', 'RequestTimeTooSkewed'])(
    'is not what %s means: nothing is read',
    async (refusal) => {
      const there = world(refusal);
      there.valid = there.place.token = 'new';
      expect(await ask(there)).toMatchObject({ upstreamCode: refusal });
      expect([there.tokens.length, there.place.readings]).toEqual([1, 0]);
    },
  );
});

describe('calls that are refused side by side', () => {
  it('read the configuration once, over all origins of the account', async () => {
    const there = world();
    there.valid = there.place.token = 'new';
    const reading = Promise.withResolvers<void>();
    there.place.gate = reading.promise;
    const outcomes = Array.from({ length: 10 }, (_, index) =>
      begin(there, index % 2 === 0 ? there.send : there.otherSend),
    );
    await there.clock.advance(50);
    expect([there.tokens.length, there.place.readings]).toEqual([10, 1]);
    reading.resolve();
    await settle();
    await there.clock.advance(50);
    expect(await Promise.all(outcomes)).toEqual(Array(10).fill('ok'));
    expect([there.tokens.length, there.place.readings]).toEqual([20, 1]);
  });

  it('share a reading that fails, and each its one attempt', async () => {
    const there = world();
    there.valid = 'new';
    there.place.fault = new Error('gone');
    there.place.gate = there.clock.sleep(20);
    const outcomes = [begin(there, there.send), begin(there, there.otherSend)];
    await there.clock.advance(100);
    expect(await Promise.all(outcomes)).toMatchObject([REFUSED, REFUSED]);
    expect([there.tokens.length, there.place.readings, there.failures.length]).toEqual([2, 1, 1]);
  });

  it('go by what each was signed with: a late answer to an old token reads nothing', async () => {
    const there = world();
    there.valid = there.place.token = 'new';
    const first = begin(there, there.send);
    await there.clock.advance(5);
    const second = begin(there, there.otherSend);
    await there.clock.advance(100);
    expect([await first, await second]).toEqual(['ok', 'ok']);
    expect(there.tokens).toEqual(['old', 'old', 'new', 'new']);
    expect(there.place.readings).toBe(1);
  });
});

it.each<readonly [string, Partial<Credential>]>([
  ['SecretId', { secretId: new Secret('other') }],
  ['SecretKey', { secretKey: new Secret('other') }],
  ['session token', { sessionToken: new Secret('other') }],
  ['lack of a session token', { sessionToken: null }],
])('a credential is another by its %s', async (_, change) => {
  const initial = credential('old');
  let configured = credential('old');
  const holder = heldCredential({
    initial,
    reread: () => configured,
    onFailed: (error) => expect(error).toBeUndefined(),
  });
  await holder.reload();
  expect(holder.current()).toBe(initial);
  configured = { ...configured, ...change };
  await holder.reload();
  expect(holder.current()).toBe(configured);
});
