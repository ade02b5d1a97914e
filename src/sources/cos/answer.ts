import { readErrorBody } from '../../lib/error-body.ts';
import type { Pieces } from '../../lib/turns.ts';
import { readXmlList, type XmlList, type XmlListForm } from '../../lib/xml-list.ts';
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
  refuseFailure(origin, response);
  try {
    return read(parseXml(response.body, rootName));
  } catch (error) {
    throw meaningOf(error, origin, response);
  }
}

/** As `readAnswer`, for an answer that is one long list: read piece by piece. */
export function* readListAnswer<T, R>(
  origin: Origin,
  response: UpstreamResponse,
  form: XmlListForm<T>,
  read: (list: XmlList<T>) => R,
): Pieces<R> {
  refuseFailure(origin, response);
  try {
    return read(yield* readXmlList(response.body, form));
  } catch (error) {
    throw meaningOf(error, origin, response);
  }
}

function refuseFailure(origin: Origin, response: UpstreamResponse): void {
  if (response.status < 200 || response.status > 299) {
    throw errorOf(origin, response);
  }
}

/** What a fault in an answer of success means. An error can come with status 200 (reliability.md U15 and U16). */
function meaningOf(error: unknown, origin: Origin, response: UpstreamResponse): unknown {
  if (!(error instanceof XmlError)) {
    return error;
  }
  return readErrorBody(response.body).code === null
    ? badResponse(origin, error.message, response)
    : errorOf(origin, response);
}

function errorOf(origin: Origin, response: UpstreamResponse): UpstreamError {
  const { code, requestId, isExpired } = readErrorBody(response.body);
  return upstreamErrorFor(origin, {
    httpStatus: response.status,
    upstreamCode: code,
    isExpired,
    requestId: requestIdFrom(response.headers, 'x-cos-request-id') ?? safeRequestId(requestId),
    retryAfterMs: retryAfterMsFrom(response.headers, response.receivedAtMs),
  });
}
