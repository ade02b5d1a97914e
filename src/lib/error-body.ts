import { JsonError, parseJsonObject, stringOf } from './json.ts';
import { parseXml, wordOf, XmlError, type XmlLimits } from './xml.ts';

/** What the body of a failure tells; an absent or unreadable fact is null. */
export interface ErrorBody {
  readonly code: string | null;
  readonly requestId: string | null;
  /**
   * Whether the time of the signature is what is wrong. COS tells it by the words `Request has expired` alone, under the code
   * AccessDenied (`cos-signature.md` section 5); no other meaning is ever taken from a message.
   */
  readonly isExpired: boolean;
}

const NOTHING: ErrorBody = { code: null, requestId: null, isExpired: false };
/** The longest one known, with everything that was signed, has less than 4,000 characters and 20 tags. */
const LIMITS: XmlLimits = { maxLength: 16_384, maxTags: 500 };
const CODE = /^[A-Za-z.]{1,64}$/;

/**
 * Reads `<Error><Code>…</Code><RequestId>…</RequestId>…</Error>` or `{"code":…,"request_id":…}`, the two forms of an error
 * body on COS and CI hosts (`upstreams/cos-batch.md` section 9). As leniently as possible: further members, missing ones, an
 * empty body or a page of HTML are no reason to throw. The message is not given: it must not reach anyone. A body that is far
 * longer than an error tells nothing and is not parsed, for it has often been parsed in vain before.
 */
export function readErrorBody(body: string): ErrorBody {
  return body.length > LIMITS.maxLength ? NOTHING : (readXml(body) ?? readJson(body) ?? NOTHING);
}

function readXml(body: string): ErrorBody | null {
  return orNull(() => {
    const error = parseXml(body, 'Error', LIMITS);
    return {
      code: codeOf(orNull(() => wordOf(error, 'Code'))),
      requestId: orNull(() => wordOf(error, 'RequestId')),
      isExpired: isExpired(orNull(() => wordOf(error, 'Message'))),
    };
  });
}

function readJson(body: string): ErrorBody | null {
  return orNull(() => {
    const error = parseJsonObject(body);
    return {
      code: codeOf(orNull(() => stringOf(error, 'code'))),
      requestId: orNull(() => stringOf(error, 'request_id')),
      isExpired: isExpired(orNull(() => stringOf(error, 'message'))),
    };
  });
}

function codeOf(text: string | null): string | null {
  return text !== null && CODE.test(text) ? text : null;
}

function isExpired(message: string | null): boolean {
  return message?.trim() === 'Request has expired';
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof XmlError || error instanceof JsonError) {
      return null;
    }
    throw error;
  }
}
