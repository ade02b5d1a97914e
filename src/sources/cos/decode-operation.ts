import { integerOf, MAX_INT32 } from '../../lib/number-text.ts';
import {
  childNamesOf,
  containerOf,
  containersOf,
  textOf,
  treeOf,
  wordOf,
  type XmlElement,
  XmlError,
} from '../../lib/xml.ts';
import type {
  CosGrant,
  CosInitiateRestoreObjectOperation,
  CosObjectMetadata,
  CosOperation,
  CosOtherOperation,
  CosPutObjectCopyOperation,
  CosPutObjectTaggingOperation,
  CosTag,
} from './model.ts';

/**
 * An Operation element, which holds exactly one element named after the operation (`upstreams/cos-batch.md` section 7).
 * Names that the gateway does not know give their elements as they came. Throws `XmlError`.
 */
export function decodeOperation(operation: XmlElement | null): CosOperation {
  const [name, ...others] = childNamesOf(operation ?? {});
  if (operation === null || name === undefined || others.length > 0) {
    throw new XmlError('expected one operation in <Operation>');
  }
  switch (name) {
    case 'COSPutObjectCopy':
      return decodeCopy(name, parametersOf(operation, name));
    case 'COSInitiateRestoreObject':
      return decodeRestore(name, parametersOf(operation, name));
    case 'COSPutObjectTagging':
      return decodeTagging(name, parametersOf(operation, name));
    case 'COSDeleteObject':
      parametersOf(operation, name);
      return { kind: 'DeleteObject', name };
    default:
      return decodeOther(name, operation);
  }
}

/** Refuses an operation that stands twice. */
function parametersOf(operation: XmlElement, name: string): XmlElement {
  return containerOf(operation, name) ?? {};
}

function decodeRestore(name: string, restore: XmlElement): CosInitiateRestoreObjectOperation {
  return {
    kind: 'InitiateRestoreObject',
    name,
    expirationInDays: integerOf(wordOf(restore, 'ExpirationInDays'), 0, MAX_INT32),
    jobTier: wordOf(restore, 'JobTier'),
  };
}

function decodeTagging(name: string, tagging: XmlElement): CosPutObjectTaggingOperation {
  return {
    kind: 'PutObjectTagging',
    name,
    taggingDirective: wordOf(tagging, 'TaggingDirective'),
    tagSet: decodeTags(containerOf(tagging, 'TagSet'), 'COSTag'),
  };
}

function decodeOther(name: string, operation: XmlElement): CosOtherOperation {
  const parameters = treeOf(operation, name) ?? {};
  if (Array.isArray(parameters)) {
    throw new XmlError('expected one operation in <Operation>');
  }
  return { kind: 'Other', name, parameters };
}

function decodeCopy(name: string, copy: XmlElement): CosPutObjectCopyOperation {
  const prefixReplace = wordOf(copy, 'PrefixReplace');
  const metadata = containerOf(copy, 'NewObjectMetadata');
  return {
    kind: 'PutObjectCopy',
    name,
    accessControlDirective: wordOf(copy, 'AccessControlDirective'),
    accessControlGrants: decodeGrants(containerOf(copy, 'AccessControlGrants')),
    cannedAccessControlList: wordOf(copy, 'CannedAccessControlList'),
    prefixReplace: prefixReplace === null ? null : prefixReplace.toLowerCase() === 'true',
    resourcesPrefix: textOf(copy, 'ResourcesPrefix'),
    targetKeyPrefix: textOf(copy, 'TargetKeyPrefix'),
    metadataDirective: wordOf(copy, 'MetadataDirective'),
    modifiedSinceConstraint: wordOf(copy, 'ModifiedSinceConstraint'),
    unModifiedSinceConstraint: wordOf(copy, 'UnModifiedSinceConstraint'),
    newObjectMetadata: metadata === null ? null : decodeMetadata(metadata),
    taggingDirective: wordOf(copy, 'TaggingDirective'),
    newObjectTagging: decodeTags(containerOf(copy, 'NewObjectTagging'), 'COSTag'),
    storageClass: wordOf(copy, 'StorageClass'),
    targetResource: textOf(copy, 'TargetResource'),
  };
}

function decodeGrants(grants: XmlElement | null): CosGrant[] {
  return containersOf(grants ?? {}, 'COSGrant').map((grant) => {
    const grantee = containerOf(grant, 'Grantee');
    return {
      grantee:
        grantee === null
          ? null
          : {
              identifier: textOf(grantee, 'Identifier'),
              typeIdentifier: wordOf(grantee, 'TypeIdentifier'),
              displayName: textOf(grantee, 'DisplayName'),
            },
      permission: wordOf(grant, 'Permission'),
    };
  });
}

function decodeMetadata(metadata: XmlElement): CosObjectMetadata {
  return {
    cacheControl: textOf(metadata, 'CacheControl'),
    contentDisposition: textOf(metadata, 'ContentDisposition'),
    contentEncoding: textOf(metadata, 'ContentEncoding'),
    contentType: textOf(metadata, 'ContentType'),
    httpExpiresDate: textOf(metadata, 'HttpExpiresDate'),
    sseAlgorithm: wordOf(metadata, 'SSEAlgorithm'),
    userMetadata: decodeTags(containerOf(metadata, 'UserMetadata'), 'member'),
  };
}

/** Empty placeholders are left out; a pair without a key has the empty text for it. */
function decodeTags(list: XmlElement | null, item: string): CosTag[] {
  return containersOf(list ?? {}, item)
    .map((tag) => ({ key: textOf(tag, 'Key') ?? '', value: textOf(tag, 'Value') }))
    .filter(({ key, value }) => key !== '' || value !== null);
}
