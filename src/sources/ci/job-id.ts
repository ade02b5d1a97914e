const JOB_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Whether a text has the form of a CI job id: a letter and 32 hex digits in every example, opaque by the documents
 * (`upstreams/ci-jobs.md` section 2). Such a text is one path segment whatever it holds (`reliability.md` T12).
 */
export function isCiJobId(text: string): boolean {
  return JOB_ID.test(text);
}
