/** Directives of a request that no kept value satisfies. `no-store` is one: what is not to be kept is not taken from there. */
const ANEW = /^(?:no-cache|no-store|max-age="?0+"?)$/;

/**
 * Whether the client wants only what is read from now on (RFC 9111 section 5.2.1). `Pragma` counts where there is no
 * `Cache-Control` (section 5.4).
 */
export function asksAnew(headers: Headers): boolean {
  const directives = headers.get('cache-control') ?? pragma(headers);
  return directives !== null && directives.split(',').some((text) => ANEW.test(text.trim().toLowerCase()));
}

/** `no-cache` is all that it ever meant. */
function pragma(headers: Headers): string | null {
  const text = headers.get('pragma');
  return text !== null && /(?:^|,)\s*no-cache\s*(?:,|$)/i.test(text) ? 'no-cache' : null;
}
