import { beforeEach, describe, expect, it } from 'vitest';
import { WaitBreaker } from '../../src/cache/wait-breaker.ts';
import { FakeClock } from '../support/fake-clock.ts';

const PATIENCE_MS = 30;

let clock: FakeClock;
let breaker: WaitBreaker;

beforeEach(() => {
  clock = new FakeClock();
  breaker = new WaitBreaker(clock, PATIENCE_MS);
});

function waitInVain(times: number): void {
  for (let wait = 0; wait < times; wait += 1) {
    clock.jump(PATIENCE_MS);
    breaker.waitedInVain();
  }
}

describe('waits in vain', () => {
  it('keep nobody from asking as long as there are fewer than three in a row', () => {
    waitInVain(2);
    expect(breaker.mayAsk()).toBe(true);
    breaker.answered();
    waitInVain(2);
    expect(breaker.mayAsk()).toBe(true);
  });

  it('of many at the same time are one', () => {
    for (let wait = 0; wait < 100; wait += 1) {
      breaker.waitedInVain();
    }
    waitInVain(1);
    expect(breaker.mayAsk()).toBe(true);
    waitInVain(1);
    expect(breaker.mayAsk()).toBe(false);
  });

  it('keep everybody from asking for a second after the third, then all but one at a time', () => {
    waitInVain(3);
    clock.jump(999);
    expect(breaker.mayAsk()).toBe(false);
    clock.jump(1);
    expect([breaker.mayAsk(), breaker.mayAsk()]).toEqual([true, false]);
  });

  it('of the one that finds out begin another second', () => {
    waitInVain(3);
    clock.jump(1_000);
    expect(breaker.mayAsk()).toBe(true);
    waitInVain(1);
    clock.jump(999);
    expect(breaker.mayAsk()).toBe(false);
    clock.jump(1);
    expect(breaker.mayAsk()).toBe(true);
  });

  it('are forgotten when the one that finds out gets an answer', () => {
    waitInVain(3);
    clock.jump(1_000);
    expect(breaker.mayAsk()).toBe(true);
    breaker.answered();
    waitInVain(2);
    expect([breaker.mayAsk(), breaker.mayAsk()]).toEqual([true, true]);
  });

  it('do not keep anybody from asking for longer when the clock is set back', () => {
    waitInVain(3);
    clock.jump(-3_600_000);
    expect(breaker.mayAsk()).toBe(true);
  });
});
