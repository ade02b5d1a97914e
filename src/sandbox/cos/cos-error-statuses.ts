/** The status that comes with a code (cos-batch.md section 9); what is not listed is 500. */
export function cosErrorStatus(code: string): number {
  return STATUSES[code] ?? 500;
}

const STATUSES: Readonly<Record<string, number>> = {
  InvalidArgument: 400,
  InvalidRequest: 400,
  MalformedXML: 400,
  ExpiredToken: 400,
  RequestTimeout: 400,
  PaymentRequired: 402,
  AccessDenied: 403,
  InvalidAccessKeyId: 403,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  NoSuchJob: 404,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  UnavailableForLegalReasons: 451,
  NotImplemented: 501,
  SlowDown: 503,
};
