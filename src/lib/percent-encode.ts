/**
 * Percent-encoded UTF-8 per RFC 3986: upper-case hex, only `A-Z a-z 0-9 - _ . ~` kept; a space is `%20`. It is the encoding
 * function E of the COS signature (`upstreams/cos-signature.md` section 1) and the form of queries on the wire, which have to
 * be one. A lone surrogate becomes U+FFFD, which is also what any UTF-8 encoder would send.
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
