import { describe, expect, it } from 'vitest';
import { type PageArguments, type PageRequest, toPageRequest } from '../../src/jobs/page-arguments.ts';
import { UserInputError } from '../../src/model/errors.ts';

const LIMITS = { defaultPageSize: 20, maxPageSize: 500 };

const page = (change: Partial<PageRequest>): PageRequest => ({
  limit: 20,
  backwards: false,
  after: null,
  before: null,
  ...change,
});

describe('the arguments of a listing', () => {
  it.each<[PageArguments, PageRequest]>([
    [{}, page({})],
    [{ first: null, after: null, last: null, before: null }, page({})],
    [{ first: undefined, before: null }, page({})],
    [{ first: 1 }, page({ limit: 1 })],
    [{ first: 500 }, page({ limit: 500 })],
    [{ first: 5, after: 'c' }, page({ limit: 5, after: 'c' })],
    [{ after: 'c' }, page({ after: 'c' })],
    [{ after: '' }, page({ after: '' })],
    [{ last: 1 }, page({ limit: 1, backwards: true })],
    [{ last: 500 }, page({ limit: 500, backwards: true })],
    [{ last: 5, before: 'c' }, page({ limit: 5, backwards: true, before: 'c' })],
    [{ before: 'c' }, page({ backwards: true, before: 'c' })],
    [{ before: '' }, page({ backwards: true, before: '' })],
    [{ first: 5, last: null, before: null }, page({ limit: 5 })],
  ])('%o mean %o', (given, expected) => {
    expect(toPageRequest(given, LIMITS)).toEqual(expected);
  });

  it.each<[PageArguments, string]>([
    [{ first: 0 }, 'Expected first from 1 to 500, got 0.'],
    [{ first: -1 }, 'Expected first from 1 to 500, got -1.'],
    [{ first: 501 }, 'Expected first from 1 to 500, got 501.'],
    [{ first: 2_147_483_647 }, 'Expected first from 1 to 500, got 2147483647.'],
    [{ last: 0 }, 'Expected last from 1 to 500, got 0.'],
    [{ last: -1 }, 'Expected last from 1 to 500, got -1.'],
    [{ last: 501 }, 'Expected last from 1 to 500, got 501.'],
    [{ first: 1, last: 1 }, 'Expected first or last, got both.'],
    [{ first: 0, last: 0 }, 'Expected first or last, got both.'],
    [{ first: 1, before: 'c' }, 'crossed'],
    [{ last: 1, after: 'c' }, 'crossed'],
    [{ after: 'c', before: 'c' }, 'crossed'],
    [{ first: 1, after: 'c', before: 'c' }, 'crossed'],
    [{ last: 1, after: 'c', before: 'c' }, 'crossed'],
    [{ first: 1, before: '' }, 'crossed'],
  ])('%o are refused', (given, message) => {
    expect(() => toPageRequest(given, LIMITS)).toThrow(UserInputError);
    expect(() => toPageRequest(given, LIMITS)).toThrow(message);
  });

  it('follow the limits that are configured', () => {
    const limits = { defaultPageSize: 3, maxPageSize: 4 };
    expect(toPageRequest({}, limits).limit).toBe(3);
    expect(toPageRequest({ first: 4 }, limits).limit).toBe(4);
    expect(() => toPageRequest({ first: 5 }, limits)).toThrow('Expected first from 1 to 4, got 5.');
  });
});
