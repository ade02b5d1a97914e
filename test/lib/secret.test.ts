import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';

const CANARY = 'canary-5f0e2c';
const secret = new Secret(CANARY);

describe('a secret', () => {
  it('gives its text to whoever asks for it by name', () => {
    expect(secret.reveal()).toBe(CANARY);
  });

  it.each<[string, () => string]>([
    ['String', () => String(secret)],
    ['a text that it is joined into', () => ['key', secret].join('=')],
    ['JSON.stringify', () => JSON.stringify({ secret })],
    ['util.inspect', () => inspect({ secret }, { depth: null, showHidden: true, getters: true })],
    ['util.inspect without its own say', () => inspect(secret, { customInspect: false, showHidden: true })],
    ['util.format', () => format('%s %o %O %j %d', secret, secret, secret, secret, secret)],
    ['an error with a cause', () => inspect(new Error('failed', { cause: secret }))],
    [
      'its own keys and values',
      () => JSON.stringify(Object.entries(Object.getOwnPropertyDescriptors(secret))),
    ],
    ['a clone', () => inspect(structuredClone(secret))],
  ])('keeps its text out of %s', (_, show) => {
    expect(show()).not.toContain(CANARY);
  });

  it('shows that there is something where it is printed', () => {
    expect([String(secret), JSON.stringify(secret), inspect(secret)]).toEqual(['***', '"***"', '***']);
  });
});
