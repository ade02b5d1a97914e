import { TraceFlags } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { lostSpans } from './channels.ts';

export interface SpanQueueOptions {
  /** The collector's OTLP/HTTP address, without `/v1/traces`. */
  readonly otlpUrl: string;
  /** How many spans may wait for the collector; more are lost. */
  readonly maxQueuedSpans: number;
  /** How long spans are gathered before they are sent together. */
  readonly exportEveryMs: number;
  /** How long sending may take. */
  readonly exportTimeoutMs: number;
}

/** By number: the packages' types of it are not one type. */
const isSent = (code: number): boolean => code === SENT;
const SENT: number = ExportResultCode.SUCCESS;

/** Spans on their way to the collector. Nobody waits for it: what it does not take in time is lost, and told of on `lostSpans`. */
export function spanQueue(options: SpanQueueOptions): SpanProcessor {
  const { otlpUrl, maxQueuedSpans, exportEveryMs, exportTimeoutMs } = options;
  let queued = 0;
  const collector = new OTLPTraceExporter({
    url: `${otlpUrl.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: exportTimeoutMs,
  });
  const batches = new BatchSpanProcessor({
    exporter: {
      export: (spans: ReadableSpan[], onResult: (result: ExportResult) => void) => {
        queued -= spans.length;
        collector.export(spans, (result) => {
          if (!isSent(result.code)) {
            lostSpans.publish({ count: spans.length });
          }
          onResult(result);
        });
      },
      shutdown: () => collector.shutdown(),
    },
    maxQueueSize: maxQueuedSpans,
    maxExportBatchSize: Math.min(512, maxQueuedSpans),
    scheduledDelayMillis: exportEveryMs,
    exportTimeoutMillis: exportTimeoutMs,
  });
  return {
    onStart: () => undefined,
    onEnd: (span) => {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) {
        return;
      }
      // Before the queue itself would drop it without a word.
      if (queued >= maxQueuedSpans) {
        lostSpans.publish({ count: 1 });
        return;
      }
      queued += 1;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
}
