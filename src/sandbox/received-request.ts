import type { IncomingHttpHeaders } from 'node:http';

/** A request as it came off the wire: nothing decoded, so that signatures can be checked against what was really sent. */
export interface ReceivedRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly rawPath: string;
  /** What follows the question mark, percent-encoded; empty when there is none. */
  readonly rawQuery: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** By the sandbox's clock, in milliseconds. */
  readonly arrivedAtMs: number;
}

export interface QueryParameter {
  readonly name: string;
  readonly value: string;
}

/** The header's value; null when the request has none. */
export function headerOf(request: ReceivedRequest, name: string): string | null {
  const value = request.headers[name];
  if (value === undefined) {
    return null;
  }
  return typeof value === 'string' ? value : value.join(', ');
}

/** The decoded path; null when its percent-encoding is broken. */
export function pathOf(request: ReceivedRequest): string | null {
  return decode(request.rawPath);
}

/** The decoded parameters in the order sent; a broken escape is left as it is, and then no signature matches it. */
export function queryOf(request: ReceivedRequest): readonly QueryParameter[] {
  if (request.rawQuery === '') {
    return [];
  }
  return request.rawQuery.split('&').map((part) => {
    const cut = part.indexOf('=');
    const [name, value] = cut < 0 ? [part, ''] : [part.slice(0, cut), part.slice(cut + 1)];
    return { name: decodeParameter(name), value: decodeParameter(value) };
  });
}

/** A plus sign means a space here, which is why the one of a time offset must travel as %2B (ci-jobs.md section 4). */
function decodeParameter(text: string): string {
  return decode(text.replaceAll('+', ' ')) ?? text;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
