import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { throwIncomplete } from './json-body.ts';

/**
 * Refuses larger bodies with 413: before anything is read when a body says its length, and else as soon as it turns out.
 * To be listed after what refuses a request for other reasons.
 *
 * Instead of Yoga’s `maxRequestBodySize`, which sends every body through a counting stream: a tenth of what the gateway
 * adds to a request. A length that is said needs no counting, for Node's HTTP parser reads so many bytes and no more.
 */
export function useBodyLimit(maxBytes: number): Plugin {
  return {
    onRequestParse: ({ request, requestParser, setRequestParser, fetchAPI }) => {
      const length = saidLength(request.headers);
      if (length !== null && length > maxBytes) {
        throw tooLarge();
      }
      if (length !== null || request.body === null || requestParser === undefined) {
        return;
      }
      setRequestParser(async ({ url, method, headers, signal, body }) => {
        const bytes = body === null ? null : await readAtMost(maxBytes, body);
        return requestParser(new fetchAPI.Request(url, { method, headers, signal, body: bytes }));
      });
    },
  };
}

/** Null unless it is one that a parser of HTTP holds the client to: anything doubtful is counted. */
function saidLength(headers: Headers): number | null {
  const text = headers.get('content-length') ?? '';
  return /^\d+$/.test(text) && !headers.has('transfer-encoding') ? Number(text) : null;
}

/** By a reader that is never released: an iterator left early would cut the connection before the answer is out. */
async function readAtMost(
  maxBytes: number,
  body: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const read = (): ReturnType<typeof reader.read> => reader.read().catch(throwIncomplete);
  for (let next = await read(); !next.done; next = await read()) {
    length += next.value.byteLength;
    if (length > maxBytes) {
      throw tooLarge();
    }
    chunks.push(next.value);
  }
  return Buffer.concat(chunks);
}

/** The rest of the body is not waited for. */
function tooLarge(): GraphQLError {
  return new GraphQLError('Expected a smaller body.', {
    extensions: { code: 'PAYLOAD_TOO_LARGE', http: { status: 413, headers: { connection: 'close' } } },
  });
}
