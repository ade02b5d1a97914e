import { CallerRefusedError } from './refusal.ts';

/** RFC 6750 section 2.1; the name of a scheme is the same in any case (RFC 9110 section 11.1). */
const CREDENTIALS = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * The token in the values of all `Authorization` headers of a request. Throws `CallerRefusedError` unless there is exactly
 * one: of two, the proxy in front may have looked at the other. A token in the URL or in the body is none.
 */
export function bearerToken(values: readonly string[], maxLength: number): string {
  const [value, ...others] = values;
  if (value === undefined || (value === '' && others.length === 0)) {
    throw new CallerRefusedError('no-token');
  }
  if (value.length > maxLength) {
    throw new CallerRefusedError('too-long');
  }
  const token = others.length === 0 ? CREDENTIALS.exec(value)?.[1] : undefined;
  if (token === undefined) {
    throw new CallerRefusedError('malformed');
  }
  return token;
}
