import { expect, it } from 'vitest';
import { FakeClock, settle } from './fake-clock.ts';

it('wakes whoever is due in the order of time, each at its own time', async () => {
  const clock = new FakeClock(0);
  const log: string[] = [];
  const note = (name: string, ms: number): Promise<void> =>
    clock.sleep(ms).then(() => void log.push(`${name}@${String(clock.now())}`));
  const all = [note('late', 30), note('early', 10), note('middle', 20)];
  await clock.advance(25);
  expect(log).toEqual(['early@10', 'middle@20']);
  expect(clock.now()).toBe(25);
  await clock.advance(5);
  await Promise.all(all);
  expect(log).toHaveLength(3);
});

it('wakes a sleep that began while the time was moving', async () => {
  const clock = new FakeClock(0);
  const second = clock.sleep(10).then(() => clock.sleep(10));
  await clock.advance(20);
  await second;
  expect(clock.sleeping).toBe(0);
});

it('rejects a sleep with the reason of its signal, and forgets it', async () => {
  const clock = new FakeClock(0);
  const controller = new AbortController();
  const outcome = expect(clock.sleep(10, controller.signal)).rejects.toThrow('left');
  expect(clock.sleeping).toBe(1);
  controller.abort(new Error('left'));
  await outcome;
  expect(clock.sleeping).toBe(0);
  await expect(clock.sleep(10, controller.signal)).rejects.toThrow('left');
});

it('moves the time alone without waking anyone early or late', async () => {
  const clock = new FakeClock(1_000);
  let woken = false;
  const sleep = clock.sleep(10).then(() => {
    woken = true;
  });
  clock.jump(-500);
  await clock.advance(9);
  expect([clock.now(), woken]).toEqual([509, false]);
  await clock.advance(1);
  await sleep;
  expect(woken).toBe(true);
  await settle();
});
