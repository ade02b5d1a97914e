import {
  JsonError,
  type JsonObject,
  objectOf,
  parseJsonObject,
  requiredStringOf,
  stringOf,
} from '../../lib/json.ts';
import type { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import { badResponse, retryAfterMsFrom, safeRequestId } from '../../upstream/answer.ts';
import { upstreamErrorFor } from '../../upstream/error-table.ts';
import type { UpstreamResponse } from '../../upstream/send.ts';

const REQUEST_ID = /"RequestId"\s{0,99}:\s{0,99}"([^"]{1,128})"/;

/**
 * What `read` makes of the envelope's content, `{"Response": {…, "RequestId": "…"}}`. Failures come with status 200 and an
 * Error inside; a status of failure means that no proper answer was given (`upstreams/batch-compute.md` section 1). Throws
 * `UpstreamError`, also where `read` throws `JsonError`.
 */
export function readEnvelope<T>(
  origin: Origin,
  response: UpstreamResponse,
  read: (content: JsonObject) => T,
): T {
  const isSuccess = response.status >= 200 && response.status <= 299;
  let requestId: string | null = null;
  try {
    const content = objectOf(parseJsonObject(response.body), 'Response') ?? {};
    requestId = safeRequestId(typeof content['RequestId'] === 'string' ? content['RequestId'] : null);
    const error = objectOf(content, 'Error');
    if (error !== null) {
      throw errorFor(origin, response, codeOf(error), requestId);
    }
    if (isSuccess) {
      requiredStringOf(content, 'RequestId');
      return read(content);
    }
  } catch (error) {
    if (!(error instanceof JsonError)) {
      throw error;
    }
    if (isSuccess) {
      throw badResponse(origin, error.message, response, requestId ?? requestIdInEnvelope(response));
    }
  }
  throw errorFor(origin, response, null, requestId);
}

/**
 * The request id of an answer, which this API tells in the body alone; null when there is none. Found without parsing, for the
 * decoder parses the body once more. No text within a string can look like it: its quotes would be escaped.
 */
export function requestIdInEnvelope({ body }: UpstreamResponse): string | null {
  return safeRequestId(REQUEST_ID.exec(body)?.[1]);
}

function codeOf(error: JsonObject): string {
  const code = stringOf(error, 'Code');
  if (code === null) {
    throw new JsonError('expected an error code in Code');
  }
  return code;
}

function errorFor(
  origin: Origin,
  response: UpstreamResponse,
  upstreamCode: string | null,
  requestId: string | null,
): UpstreamError {
  return upstreamErrorFor(origin, {
    httpStatus: response.status,
    upstreamCode,
    requestId,
    retryAfterMs: retryAfterMsFrom(response.headers, response.receivedAtMs),
  });
}
