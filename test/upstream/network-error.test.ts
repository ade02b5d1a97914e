import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../src/model/errors.ts';
import { networkError } from '../../src/upstream/network-error.ts';
import { COS_ORIGIN } from './support.ts';

const coded = (code: string): Error =>
  Object.assign(new Error(`connect ${code} 10.1.2.3:443 secret.example`), { code });

describe('a network failure', () => {
  it.each([
    ['ECONNREFUSED', 'UPSTREAM_UNAVAILABLE', true],
    ['ECONNRESET', 'UPSTREAM_UNAVAILABLE', true],
    ['EPIPE', 'UPSTREAM_UNAVAILABLE', true],
    ['ENOTFOUND', 'UPSTREAM_UNAVAILABLE', true],
    ['EAI_AGAIN', 'UPSTREAM_UNAVAILABLE', true],
    ['EHOSTUNREACH', 'UPSTREAM_UNAVAILABLE', true],
    ['ENETUNREACH', 'UPSTREAM_UNAVAILABLE', true],
    ['UND_ERR_SOCKET', 'UPSTREAM_UNAVAILABLE', true],
    ['UND_ERR_CONNECT_TIMEOUT', 'UPSTREAM_UNAVAILABLE', true],
    ['UND_ERR_DESTROYED', 'UPSTREAM_UNAVAILABLE', false],
    ['UND_ERR_CLOSED', 'UPSTREAM_UNAVAILABLE', false],
    ['ESOMETHINGNEW', 'UPSTREAM_UNAVAILABLE', true],
    ['ETIMEDOUT', 'UPSTREAM_TIMEOUT', true],
    ['UND_ERR_HEADERS_TIMEOUT', 'UPSTREAM_TIMEOUT', true],
    ['UND_ERR_BODY_TIMEOUT', 'UPSTREAM_TIMEOUT', true],
    ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'UPSTREAM_BAD_RESPONSE', true],
    ['UND_ERR_HEADERS_OVERFLOW', 'UPSTREAM_BAD_RESPONSE', true],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UPSTREAM_BAD_RESPONSE', true],
    ['CERT_HAS_EXPIRED', 'UPSTREAM_UNAVAILABLE', false],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'UPSTREAM_UNAVAILABLE', false],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'UPSTREAM_UNAVAILABLE', false],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UPSTREAM_UNAVAILABLE', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'UPSTREAM_UNAVAILABLE', false],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'UPSTREAM_UNAVAILABLE', false],
    ['EPROTO', 'UPSTREAM_UNAVAILABLE', false],
  ])('%s is %s, retryable: %s', (code, ours, retryable) => {
    const error = networkError(COS_ORIGIN, coded(code));
    expect(error).toBeInstanceOf(UpstreamError);
    expect(error).toMatchObject({ code: ours, retryable, origin: COS_ORIGIN });
    expect(error.message).toContain(`(${code})`);
  });

  it('of the name TimeoutError is UPSTREAM_TIMEOUT', () => {
    const error = networkError(COS_ORIGIN, new DOMException('late', 'TimeoutError'));
    expect(error).toMatchObject({ code: 'UPSTREAM_TIMEOUT', retryable: true });
  });

  it('of the HTTP parser is UPSTREAM_BAD_RESPONSE, whatever its code', () => {
    const parser = Object.assign(coded('HPE_INVALID_CONSTANT'), { name: 'HTTPParserError' });
    expect(networkError(COS_ORIGIN, parser)).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      retryable: true,
    });
  });

  it('that undici takes for impossible is UPSTREAM_BAD_RESPONSE', () => {
    expect(networkError(COS_ORIGIN, coded('ERR_ASSERTION'))).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      retryable: true,
    });
  });

  it('shows neither the address nor the text of the original, nor keeps it', () => {
    const error = networkError(COS_ORIGIN, coded('ECONNREFUSED'));
    expect(error.message).not.toMatch(/10\.1\.2\.3|secret/);
    expect(error.cause).toBeUndefined();
    const odd = networkError(COS_ORIGIN, coded('odd host.example'));
    expect(odd.message).not.toContain('host.example');
  });

  it.each([
    coded('UND_ERR_INVALID_ARG'),
    coded('UND_ERR_NOT_SUPPORTED'),
    coded('UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'),
    new TypeError('no code'),
    'not even an error',
  ])('that is our own fault is a plain Error: %s', (fault) => {
    const error = networkError(COS_ORIGIN, fault);
    expect(error).not.toBeInstanceOf(UpstreamError);
    expect(error.cause).toBe(fault);
  });

  it('of a gateway that shuts down is not taken for the upstream’s', () => {
    const isLocal = (code: string): unknown =>
      (networkError(COS_ORIGIN, coded(code)) as UpstreamError).isLocal;
    expect(['UND_ERR_DESTROYED', 'UND_ERR_CLOSED', 'ECONNRESET', 'CERT_HAS_EXPIRED'].map(isLocal)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
