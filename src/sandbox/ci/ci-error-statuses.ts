/** The status that comes with a code (ci-jobs.md section 10); what is not listed is 500. */
export function ciErrorStatus(code: string): number {
  return STATUSES[code] ?? 500;
}

const STATUSES: Readonly<Record<string, number>> = {
  InvalidArgument: 400,
  InvalidHost: 400,
  CIRoleNotExist: 400,
  ResourceNotFound: 400,
  MissingAuthorization: 401,
  InvalidAuthorization: 401,
  // also documented with 403, for a forbidden operation
  AccessDenied: 401,
  SecretidNotExist: 401,
  SignatureExpired: 401,
  SignatureDoesNotMatch: 403,
  QueueSaturated: 403,
  QueuePaused: 403,
  InvalidUrl: 404,
  SlowDown: 429,
  UnavailableForLegalReasons: 451,
  NotImplemented: 501,
  ServiceUnavailable: 503,
};
