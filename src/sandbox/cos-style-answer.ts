import type { Answer, Refusal } from './answer.ts';
import { cosStyleRequestId, cosStyleTraceId } from './cos-style-request-id.ts';
import { writeXml, type XmlElement } from './xml.ts';

/** The two services that answer in this form; they differ in the names of their headers. */
export type CosStyle = 'cos' | 'ci';

/** A success: XML without declaration (cos-batch.md section 1, ci-jobs.md section 1). */
export function cosStyleSuccess(style: CosStyle, body: XmlElement, requestId: string, nowMs: number): Answer {
  const headers = cosStyleHeaders(style, requestId, nowMs);
  return { reply: { status: 200, headers, body: writeXml(body) }, outcome: 'OK', requestId };
}

/** An error: with declaration, and with the trace id (cos-batch.md section 12, ci-jobs.md section 13). */
export function cosStyleError(
  style: CosStyle,
  refusal: Refusal,
  extra: readonly XmlElement[],
  nowMs: number,
): Answer {
  const requestId = cosStyleRequestId(nowMs);
  const traceId = cosStyleTraceId();
  const error: XmlElement = [
    'Error',
    [
      ['Code', refusal.code],
      ['Message', refusal.message],
      ...refusal.details,
      ...extra,
      ['RequestId', requestId],
      ['TraceId', traceId],
    ],
  ];
  const headers = { ...cosStyleHeaders(style, requestId, nowMs), [`x-${style}-trace-id`]: traceId };
  const body = `<?xml version='1.0' encoding='utf-8' ?>\n${writeXml(error)}`;
  return { reply: { status: refusal.status, headers, body }, outcome: refusal.code, requestId };
}

function cosStyleHeaders(style: CosStyle, requestId: string, nowMs: number): Record<string, string> {
  return {
    'Content-Type': 'application/xml',
    Date: new Date(nowMs).toUTCString(),
    Server: `tencent-${style}`,
    [`x-${style}-request-id`]: requestId,
  };
}
