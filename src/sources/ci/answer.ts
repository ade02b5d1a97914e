import { readErrorBody } from '../../lib/error-body.ts';
import { parseXml, type XmlElement, XmlError } from '../../lib/xml.ts';
import type { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import { badResponse, requestIdFrom, retryAfterMsFrom, safeRequestId } from '../../upstream/answer.ts';
import { upstreamErrorFor } from '../../upstream/error-table.ts';
import type { UpstreamResponse } from '../../upstream/send.ts';

/**
 * What `read` makes of the children of `Response` (`upstreams/ci-jobs.md` sections 1 and 10). Throws `UpstreamError` for an
 * error of any form, and where `read` throws `XmlError`.
 */
export function readAnswer<T>(origin: Origin, response: UpstreamResponse, read: (root: XmlElement) => T): T {
  if (response.status < 200 || response.status > 299) {
    throw errorOf(origin, response);
  }
  let root: XmlElement = {};
  try {
    root = parseXml(response.body, 'Response');
    return read(root);
  } catch (error) {
    if (!(error instanceof XmlError)) {
      throw error;
    }
    // An error can come with status 200 (reliability.md U15 and U16).
    throw readErrorBody(response.body).code === null
      ? badResponse(origin, error.message, response, requestIdOf(response, bareTextOf(root, 'RequestId')))
      : errorOf(origin, response);
  }
}

function errorOf(origin: Origin, response: UpstreamResponse): UpstreamError {
  const { code, requestId } = readErrorBody(response.body);
  return upstreamErrorFor(origin, {
    httpStatus: response.status,
    upstreamCode: code,
    requestId: requestIdOf(response, requestId),
    retryAfterMs: retryAfterMsFrom(response.headers, response.receivedAtMs),
  });
}

/** The order of trust (`upstreams/ci-jobs.md` section 14): CI's header, the body, the header of COS. */
function requestIdOf({ headers }: UpstreamResponse, inBody: string | null): string | null {
  return (
    requestIdFrom(headers, 'x-ci-request-id') ??
    safeRequestId(inBody) ??
    requestIdFrom(headers, 'x-cos-request-id')
  );
}

/** A text whatever the rest of the answer looks like; null where none can be had. */
function bareTextOf(root: XmlElement, name: string): string | null {
  const value = root[name];
  return typeof value === 'string' ? value.trim() : null;
}
