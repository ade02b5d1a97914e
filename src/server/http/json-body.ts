import { isUtf8 } from 'node:buffer';
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Reads the body of a POST as JSON in UTF-8 and nothing else: Yoga would put a substitute in the place of what is no UTF-8, and
 * run the rest (reliability H15). To be listed after what says which bodies are taken, and before what limits their length.
 */
export function useJsonBody(): Plugin {
  return {
    onRequestParse: ({ request, setRequestParser }) => {
      if (request.method === 'POST') {
        setRequestParser(readJson);
      }
    },
  };
}

type Parser = Parameters<Parameters<NonNullable<Plugin['onRequestParse']>>[0]['setRequestParser']>[0];

const readJson: Parser = async (request) => {
  const bytes = new Uint8Array(await request.arrayBuffer().catch(throwIncomplete));
  if (!isUtf8(bytes)) {
    throw refusal('Expected a body in UTF-8.');
  }
  const value = parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  if (typeof value !== 'object' || value === null) {
    throw refusal('Expected a JSON object as the body, such as {"query":"{ __typename }"}.');
  }
  return value;
};

/** Of a body that ends before it is whole: its client has gone, or was too slow. Nobody reads it. */
export function throwIncomplete(): never {
  throw refusal('Expected a whole body.');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says of a text quotes it.
    throw refusal('Expected a body that is JSON, in UTF-8 without a byte order mark.');
  }
}

function refusal(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });
}
