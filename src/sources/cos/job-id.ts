const JOB_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Whether a text has the form of a COS job id: a UUID in every example, 1 to 64 bytes by the documents
 * (`upstreams/cos-batch.md` section 1). Such a text is one path segment whatever it holds (`reliability.md` T12).
 */
export function isCosJobId(text: string): boolean {
  return JOB_ID.test(text);
}
