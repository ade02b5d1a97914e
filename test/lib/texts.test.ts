import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText } from '../../src/lib/clean-text.ts';
import { readErrorBody } from '../../src/lib/error-body.ts';
import { hostName } from '../../src/lib/host-name.ts';
import { integerOf } from '../../src/lib/number-text.ts';

describe('cleanText', () => {
  it('keeps everything but control characters, which become U+FFFD', () => {
    expect(cleanText('\u0000a\u001b[31m\tb\r\nc\rd 中 <script>')).toBe(
      '\ufffda\ufffd[31m\tb\nc\ufffdd 中 <script>',
    );
  });

  it('does character by character what it says, also to half characters', () => {
    const units = fc.array(fc.oneof(fc.integer({ min: 0, max: 0x21 }), fc.integer({ min: 0, max: 0xffff })));
    fc.assert(
      fc.property(units, (codes) => {
        const text = String.fromCharCode(...codes);
        const asSaid = text.replaceAll('\r\n', '\n').replace(/[\u0000-\u0008\u000b-\u001f]/g, '\ufffd');
        expect(cleanText(text)).toBe(asSaid);
      }),
    );
  });

  it('gives back the very text when there is nothing to do', () => {
    expect(cleanText('a\tb\nc \ud800')).toBe('a\tb\nc \ud800');
  });
});

describe('integerOf', () => {
  it.each([
    ['0', 0],
    ['007', 7],
    ['100', 100],
    ['101', null],
    ['-1', null],
    ['1.0', null],
    ['1e1', null],
    ['0x10', null],
    ['', null],
    ['NaN', null],
    [null, null],
  ])('reads %j as %j within 0 and 100', (text, expected) => {
    expect(integerOf(text, 0, 100)).toBe(expected);
  });

  it('gives null beyond what a number can hold exactly', () => {
    expect(integerOf('9007199254740991', 0, Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
    expect(integerOf('9007199254740993', 0, Number.MAX_SAFE_INTEGER)).toBeNull();
  });
});

describe('hostName', () => {
  it('joins labels', () => {
    expect(hostName('100000000001', 'ap-guangzhou')).toBe('100000000001.ap-guangzhou');
  });

  it.each([
    '',
    'evil.com/',
    'a@evil.com',
    'ap:80#',
    'a..b',
    '-a',
    'a-',
    'A',
    'ａ',
    'a\t',
    '[::1]',
    'a'.repeat(64),
  ])('refuses %j', (label) => {
    expect(() => hostName(label)).toThrow(TypeError);
  });
});

describe('readErrorBody', () => {
  it.each([
    ['XML', '<Error><Code>SlowDown</Code><RequestId>r1</RequestId></Error>', 'SlowDown', 'r1'],
    [
      'XML with further and missing children',
      '<Error><X><Y/></X><Code> SlowDown </Code></Error>',
      'SlowDown',
      null,
    ],
    [
      'XML with a repeated request id',
      '<Error><Code>A</Code><RequestId/><RequestId>r</RequestId></Error>',
      'A',
      null,
    ],
    ['JSON', '{"code":"SlowDown","message":"m","request_id":"r2"}', 'SlowDown', 'r2'],
    ['JSON with a foreign code', '{"code":500,"request_id":"r2"}', null, 'r2'],
    ['a code that is no code', '<Error><Code>evil.com/ &lt;b&gt;</Code></Error>', null, null],
    ['nothing', '', null, null],
    ['HTML', '<html><h1>502</h1></html>', null, null],
    ['a cut', '<Error><Code>SlowDown</Co', null, null],
    ['an error amid 500 tags', `<Error>${'<A/>'.repeat(490)}<Code>SlowDown</Code></Error>`, 'SlowDown', null],
    ['far too many tags', `<Error>${'<A/>'.repeat(500)}<Code>SlowDown</Code></Error>`, null, null],
    ['a text far too long', `<Error><A>${'x'.repeat(16_384)}</A><Code>SlowDown</Code></Error>`, null, null],
    ['JSON far too long', `{"code":"SlowDown","x":"${'x'.repeat(16_384)}"}`, null, null],
  ])('reads %s', (_, body, code, requestId) => {
    expect(readErrorBody(body)).toEqual({ code, requestId, isExpired: false });
  });
});
