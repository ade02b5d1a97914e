import type { Credential } from '../../model/credential.ts';
import type { Middleware, UpstreamResponse } from '../send.ts';
import type { CredentialHolder } from './reload-credential.ts';

/** A shorter text may well be a part of something else. A real SecretId has 36 characters. */
const MIN_LENGTH = 16;
/** Makes no request id, no job id and no error code: whoever reads it as one drops it. */
const HIDDEN = '***';

/**
 * Takes what an attempt was signed with out of its answer, before anybody reads that: an upstream that sends it back, as a
 * request id, say, would have it shown to clients and logged. Costs a search through the answer for each part of it.
 */
export function hideCredential({ current }: Pick<CredentialHolder, 'current'>): Middleware {
  return (next) => (request, scope) => {
    const texts = textsOf(current());
    return next({ ...request, decode: (response) => request.decode(without(texts, response)) }, scope);
  };
}

function textsOf({ secretId, secretKey, sessionToken }: Credential): readonly string[] {
  return [secretId, secretKey, sessionToken]
    .map((secret) => secret?.reveal() ?? '')
    .filter(({ length }) => length >= MIN_LENGTH);
}

function without(texts: readonly string[], response: UpstreamResponse): UpstreamResponse {
  const { headers, body } = response;
  const found = texts.filter((text) => [body, ...Object.values(headers)].some((part) => part.includes(text)));
  if (found.length === 0) {
    return response;
  }
  const hide = (part: string): string => found.reduce((rest, text) => rest.replaceAll(text, HIDDEN), part);
  const entries = Object.entries(headers).map(([name, value]) => [name, hide(value)] as const);
  return { ...response, headers: Object.fromEntries(entries), body: hide(body) };
}
