/** An OpenTelemetry collector that takes OTLP/HTTP in JSON, on a socket of its own. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { lookThrough } from './secrets-kept/leaks.ts';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
  readonly events?: readonly { readonly name: string }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

export interface Collector {
  readonly url: string;
  readonly spans: CollectedSpan[];
  /** The bodies as they came, for what must not be in them. */
  readonly texts: string[];
  readonly requests: { readonly url: string; readonly headers: IncomingHttpHeaders }[];
}

interface Export {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: CollectedSpan[] }[] }[];
}

/** `answer` does what the collector does once it has a batch; default: it takes it. */
export async function startCollector(
  answer: (response: ServerResponse) => void = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  },
): Promise<Collector> {
  const collected: Omit<Collector, 'url'> = { spans: [], texts: [], requests: [] };
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      collected.requests.push({ url: request.url ?? '', headers: request.headers });
      const text = JSON.stringify(body);
      lookThrough(text, 'a span');
      collected.texts.push(text);
      (body as Export).resourceSpans.forEach(({ scopeSpans }) => {
        scopeSpans.forEach(({ spans }) => collected.spans.push(...spans));
      });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...collected };
}

/** An attribute's value, of whichever type. */
export function attributeOf({ attributes }: CollectedSpan, name: string): unknown {
  const [value] = Object.values(attributes.find(({ key }) => key === name)?.value ?? {});
  return value;
}
