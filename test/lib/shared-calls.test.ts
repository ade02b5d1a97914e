import { describe, expect, it } from 'vitest';
import type { ObservedCall } from '../../src/lib/observed-call.ts';
import { SharedScope } from '../../src/lib/shared-scope.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { waiter } from './waiter.ts';

function aCall(action: string): ObservedCall {
  return {
    origin: { source: 'COS', account: 'media', region: 'ap-guangzhou', bucket: null },
    action,
    startedAtMs: 0,
    waiters: new Set(),
    steps: [],
    attempts: 0,
    waitedMs: 0,
    joined: 1,
    requestId: null,
    ending: null,
  };
}

function open() {
  const clock = new FakeClock();
  const shared = new SharedScope();
  const { promise: result, resolve: end } = Promise.withResolvers<string>();
  const join = (told: string[] | null): { readonly leave: (why: string) => void } => {
    const onCall = told === null ? undefined : ({ action }: ObservedCall) => void told.push(action);
    const { scope, leave } = waiter(clock, 60_000, { onCall });
    shared.wait({ scope, clock, result, lateError: () => new Error('late') }).catch(() => undefined);
    return { leave };
  };
  return { shared, join, end };
}

describe('the upstream calls of work that several wait for', () => {
  it('are told to each, those begun before it came too', async () => {
    const { shared, join, end } = open();
    const [first, second]: [string[], string[]] = [[], []];
    join(first);
    shared.onCall?.(aCall('one'));
    join(second);
    shared.onCall?.(aCall('two'));
    end('done');
    await settle();
    expect([first, second]).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ]);
  });

  it('are told to nobody who has left', async () => {
    const { shared, join } = open();
    const [stays, leaves]: [string[], string[]] = [[], []];
    join(stays);
    join(leaves).leave('gone');
    await settle();
    shared.onCall?.(aCall('one'));
    expect([stays, leaves]).toEqual([['one'], []]);
  });

  it('are asked for by nobody while none who waits wants to know', () => {
    const { shared, join } = open();
    join(null);
    expect(shared.onCall).toBeUndefined();
    join([]);
    expect(shared.onCall).toBeDefined();
  });
});
