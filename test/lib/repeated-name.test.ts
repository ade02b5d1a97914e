import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasRepeatedName } from '../../src/lib/repeated-name.ts';

describe('a JSON text', () => {
  it.each([
    '{"a":1,"a":2}',
    '{"a":1,"b":{"c":[{"d":1,"e":2,"d":3}]}}',
    String.raw`{"aud":1,"\u0061ud":2}`,
    String.raw`{"a\"":1,"a\"":2}`,
    '{"":1,"":2}',
    '[{"a":1},{"a":1,"a":1}]',
    '{"__proto__":1,"__proto__":2}',
  ])('has a name twice: %s', (json) => {
    expect(hasRepeatedName(json)).toBe(true);
  });

  it.each([
    '{}',
    '1',
    '"a"',
    '{"a":"a","b":"a"}',
    '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
    String.raw`{"a":"\"b\":1,\"b\":2"}`,
    '{"a":":","b":"{\\"a\\":"}',
  ])('has each name once: %s', (json) => {
    expect(hasRepeatedName(json)).toBe(false);
  });

  it('that was written by JSON.stringify never has one twice, and one that is written twice does', () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), (json, name) => {
        const member = `${JSON.stringify(name)}:${json}`;
        expect(hasRepeatedName(json)).toBe(false);
        expect(hasRepeatedName(`{${member}}`)).toBe(false);
        expect(hasRepeatedName(`[{"other${member.slice(1)},${member},${member}}]`)).toBe(true);
      }),
    );
  });
});
