import { GraphQLError } from 'graphql';

/** Apollo's clients know by this message, word for word, that they are to send the text along. */
const NOT_FOUND_MESSAGE = 'PersistedQueryNotFound';

/** The hash of a text that nobody has sent yet, or not of late. */
export function notFound(): GraphQLError {
  return refusal('PERSISTED_QUERY_NOT_FOUND', NOT_FOUND_MESSAGE);
}

/** An id that can stand for nothing but a document of a manifest, and does not. */
export function notInList(id: string): GraphQLError {
  return refusal(
    'PERSISTED_QUERY_NOT_IN_LIST',
    `No manifest of this gateway lists the document "${id}". Add the manifest of the client's build to its configuration.`,
  );
}

/** A text of which only those run that a manifest holds. */
export function notInSafelist(): GraphQLError {
  return refusal(
    'QUERY_NOT_IN_SAFELIST',
    "This gateway runs only the documents of its manifests, and this is none of them. Add the manifest of the client's build to its configuration, or send a document that is listed.",
  );
}

/**
 * An id that is no id, or not that of the text beside it. `BAD_REQUEST`, as for any other member of a request that has not the
 * form that it should: nothing is wrong with what the document asks for.
 */
export function badReference(message: string): GraphQLError {
  return refusal('BAD_REQUEST', message);
}

function refusal(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status: 400 } } });
}
