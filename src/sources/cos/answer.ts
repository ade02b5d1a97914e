import { readErrorBody } from '../../lib/error-body.ts';
import { parseXml, type XmlElement, XmlError } from '../../lib/xml.ts';
import type { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import { badResponse, requestIdFrom, retryAfterMsFrom, safeRequestId } from '../../upstream/answer.ts';
import { upstreamErrorFor } from '../../upstream/error-table.ts';
import type { UpstreamResponse } from '../../upstream/send.ts';

/**
 * What `read` makes of an answer whose root element has the given name (`upstreams/cos-batch.md` sections 1 and 9). Throws
 * `UpstreamError` for an error of any form, and where `read` throws `XmlError`.
 */
export function readAnswer<T>(
  origin: Origin,
  response: UpstreamResponse,
  rootName: string,
  read: (root: XmlElement) => T,
): T {
  if (response.status < 200 || response.status > 299) {
    throw errorOf(origin, response);
  }
  try {
    return read(parseXml(response.body, rootName));
  } catch (error) {
    if (!(error instanceof XmlError)) {
      throw error;
    }
    // An error can come with status 200 (reliability.md U15 and U16).
    throw readErrorBody(response.body).code === null
      ? badResponse(origin, error.message, response)
      : errorOf(origin, response);
  }
}

function errorOf(origin: Origin, response: UpstreamResponse): UpstreamError {
  const { code, requestId, isExpired } = readErrorBody(response.body);
  return upstreamErrorFor(origin, {
    httpStatus: response.status,
    // A signature out of its time comes as AccessDenied; nobody should go and look for a missing grant.
    upstreamCode: code === 'AccessDenied' && isExpired ? 'RequestTimeTooSkewed' : code,
    requestId: requestIdFrom(response.headers, 'x-cos-request-id') ?? safeRequestId(requestId),
    retryAfterMs: retryAfterMsFrom(response.headers, response.receivedAtMs),
  });
}
