import { describe, expect, it } from 'vitest';
import {
  integerAt,
  JsonError,
  MAX_JSON_ESCAPES,
  MAX_JSON_MARKS,
  parseJsonObject,
  stringOf,
} from '../../src/lib/json.ts';

describe('parseJsonObject', () => {
  it.each(['', 'null', '[]', '"a"', '1', '{', '{"a":1}x', '{"a":1}{"b":2}', '<a/>'])('refuses %s', (text) => {
    expect(() => parseJsonObject(text)).toThrow(JsonError);
  });

  it.each([
    ['brackets', '[', ']', 1],
    ['braces', '{"a":', '}', 2],
  ])('takes as many %s as are allowed, and refuses one more before it parses', (_, open, close, marks) => {
    const depth = (MAX_JSON_MARKS - 2) / marks;
    const value = (n: number): string => `${open.repeat(n)}0${close.repeat(n)}`;
    expect(() => parseJsonObject(`{"x":${value(depth)}}`)).not.toThrow();
    expect(() => parseJsonObject(`{"x":${value(depth + 1)}}`)).toThrow(`more than ${MAX_JSON_MARKS} values`);
    // Not even JSON: who parsed it first would say so.
    expect(() => parseJsonObject(open.repeat(MAX_JSON_MARKS + 1))).toThrow('more than');
  });

  it.each([',', ':', '{'])('counts %s', (mark) => {
    expect(() => parseJsonObject(mark.repeat(MAX_JSON_MARKS + 1))).toThrow('more than');
    expect(() => parseJsonObject(mark.repeat(MAX_JSON_MARKS))).toThrow('expected JSON');
  });

  it('takes as many escapes as are allowed, and no more', () => {
    const text = (escapes: number): string => `{"x":"${String.raw`\n`.repeat(escapes)}"}`;
    expect(stringOf(parseJsonObject(text(MAX_JSON_ESCAPES)), 'x')).toHaveLength(MAX_JSON_ESCAPES);
    expect(() => parseJsonObject(text(MAX_JSON_ESCAPES + 1))).toThrow('escapes');
  });

  it('has room for a page of 100 jobs with 50 tags each', () => {
    const tags = Array.from({ length: 50 }, () => ({ Key: 'k', Value: 'v, w: x' }));
    const job = {
      JobId: 'job-a',
      TaskMetrics: { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8 },
      Tags: tags,
    };
    expect(() =>
      parseJsonObject(JSON.stringify({ JobSet: Array.from({ length: 100 }, () => job) })),
    ).not.toThrow();
  });

  it('never says in its message what came', () => {
    expect(() => parseJsonObject('{"canary":')).toThrow(/^expected JSON$/);
  });
});

describe('integerAt', () => {
  it.each([
    ['5', 5],
    ['0', 0],
    ['10', 10],
    ['11', null],
    ['-1', null],
    ['5.5', null],
    ['1e400', null],
    ['"5"', null],
    ['null', null],
    ['true', null],
    ['[5]', null],
  ])('reads %s as %j within 0 and 10', (text, expected) => {
    expect(integerAt(parseJsonObject(`{"x":${text}}`), 'x', 0, 10)).toBe(expected);
  });

  it('takes by default what a number can hold exactly', () => {
    const object = parseJsonObject(
      '{"max":9007199254740991,"more":9007199254740992,"min":-9007199254740991}',
    );
    expect(['max', 'more', 'min', 'none'].map((name) => integerAt(object, name))).toEqual([
      Number.MAX_SAFE_INTEGER,
      null,
      Number.MIN_SAFE_INTEGER,
      null,
    ]);
  });
});
