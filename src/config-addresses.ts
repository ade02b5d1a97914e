/** Which addresses a configuration may name. What is none of these is a fault, and nothing is asked there. */

/** Whether an address of the machine itself: 127.0.0.0/8, ::1 or localhost. */
export function isLoopback(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|localhost|::1|\[::1\])$/.test(host);
}

/** Where an issuer's keys are read: nobody between may exchange them, so plain http is for this machine alone. */
export function isJwksUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\/[\x21-\x7e]{1,2000}$/.test(text) || /[@#\\]/.test(text)) {
    return false;
  }
  return url.protocol === 'https:' || isLoopback(url.hostname);
}

/** Whether browsers send it so as the `Origin` of a page: no path, no default port, no capitals, and never a pattern. */
export function isSiteOrigin(text: string): boolean {
  return /^https?:\/\/[a-z0-9.:[\]-]+$/.test(text) && URL.parse(text)?.origin === text;
}

/** Where its traces go is the operator's network: a host of any name, and plain http too. */
export function isOtlpUrl(text: string): boolean {
  return /^https?:\/\/[^@?#\\\s]{1,2000}$/.test(text) && URL.canParse(text);
}

/** What stands in for an upstream's own host: https, or http on this machine; no path and no credentials. */
export function isEndpoint(text: string): boolean {
  const url = URL.parse(text);
  // The parser forgives much; only the plain form is taken, so that what is written is where we connect.
  if (url === null || !/^https?:\/\/([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?\/?$/.test(text)) {
    return false;
  }
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}
