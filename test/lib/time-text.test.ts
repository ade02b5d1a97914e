import { describe, expect, it } from 'vitest';
import { chinaTimeText, utcTimeOf } from '../../src/lib/time-text.ts';

describe('utcTimeOf', () => {
  it.each([
    ['2022-06-27T15:23:10+0800', '2022-06-27T07:23:10Z'],
    ['2022-06-27T15:23:10+08:00', '2022-06-27T07:23:10Z'],
    ['2022-06-27T00:23:10-0930', '2022-06-27T09:53:10Z'],
    ['2020-09-22T07:14:54Z', '2020-09-22T07:14:54Z'],
    [' 2020-09-22t07:14:54z\n', '2020-09-22T07:14:54Z'],
    ['2020-02-29T23:59:59Z', '2020-02-29T23:59:59Z'],
    ['2020-09-22T07:14:54.5Z', '2020-09-22T07:14:54.500Z'],
    ['2020-09-22T07:14:54.123456789+0000', '2020-09-22T07:14:54.123Z'],
    ['2024-01-01T00:00:00+0800', '2023-12-31T16:00:00Z'],
  ])('reads %j as %s', (text, expected) => {
    expect(utcTimeOf(text)).toBe(expected);
  });

  it.each([
    null,
    '',
    '-',
    'timestamp',
    '1593242590',
    '2020-09-22',
    '2020-09-22T07:14:54',
    '2020-09-22 07:14:54Z',
    '2020-02-30T00:00:00Z',
    '2021-02-29T00:00:00Z',
    '2020-13-01T00:00:00Z',
    '2020-01-01T24:00:00Z',
    '2020-01-01T00:00:60Z',
    '2020-01-01T00:00:00+2400',
    '2020-01-01T00:00:00+0860',
    '+275761-01-01T00:00:00Z',
    '0000-01-01T00:00:00+0800',
    '9999-12-31T23:59:59-0800',
  ])('gives null for %j', (text) => {
    expect(utcTimeOf(text)).toBeNull();
  });
});

describe('chinaTimeText', () => {
  it('writes the offset without a colon, and reads back as the same instant', () => {
    const text = chinaTimeText(Date.parse('2022-06-27T20:23:10Z') / 1_000);
    expect(text).toBe('2022-06-28T04:23:10+0800');
    expect(utcTimeOf(text)).toBe('2022-06-27T20:23:10Z');
  });
});
