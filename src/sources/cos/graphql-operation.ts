import { builder } from '../../graphql/builder.ts';
import type {
  CosDeleteObjectOperation,
  CosGrant,
  CosInitiateRestoreObjectOperation,
  CosObjectMetadata,
  CosOperation,
  CosOtherOperation,
  CosPutObjectCopyOperation,
  CosPutObjectTaggingOperation,
  CosTag,
} from './model.ts';

const CosTagType = builder.objectRef<CosTag>('CosTag').implement({
  description: 'A key with its value: user metadata or an object tag.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The key (Key).' }),
    value: t.exposeString('value', { nullable: true, description: 'The value (Value); null when empty.' }),
  }),
});

const OPERATION_TYPE_NAMES = {
  PutObjectCopy: 'CosPutObjectCopyOperation',
  InitiateRestoreObject: 'CosInitiateRestoreObjectOperation',
  PutObjectTagging: 'CosPutObjectTaggingOperation',
  DeleteObject: 'CosDeleteObjectOperation',
  Other: 'CosOtherOperation',
} as const satisfies Record<CosOperation['kind'], string>;

export const CosOperationInterface = builder.interfaceRef<CosOperation>('CosOperation').implement({
  description: 'What a job does to each object of its manifest (Operation).',
  resolveType: ({ kind }) => OPERATION_TYPE_NAMES[kind],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The product’s name of it, e.g. `COSPutObjectCopy`.' }),
  }),
});

const CosGranteeType = builder.objectRef<NonNullable<CosGrant['grantee']>>('CosGrantee').implement({
  description: 'Who is granted a permission (Grantee).',
  fields: (t) => ({
    identifier: t.exposeString('identifier', {
      nullable: true,
      description: 'The resource name of the account (Identifier).',
    }),
    typeIdentifier: t.exposeString('typeIdentifier', {
      nullable: true,
      description: 'How it is identified: `ID` (TypeIdentifier).',
    }),
    displayName: t.exposeString('displayName', {
      nullable: true,
      description: 'The name to show for it (DisplayName).',
    }),
  }),
});

const CosGrantType = builder.objectRef<CosGrant>('CosGrant').implement({
  description: 'A permission given to somebody (COSGrant).',
  fields: (t) => ({
    grantee: t.expose('grantee', { type: CosGranteeType, nullable: true, description: 'Who has it.' }),
    permission: t.exposeString('permission', {
      nullable: true,
      description: '`READ`, `WRITE` or `FULL_CONTROL` (Permission).',
    }),
  }),
});

const CosObjectMetadataType = builder.objectRef<CosObjectMetadata>('CosObjectMetadata').implement({
  description: 'The metadata that copies get (NewObjectMetadata).',
  fields: (t) => ({
    cacheControl: t.exposeString('cacheControl', {
      nullable: true,
      description: 'Cache-Control (CacheControl).',
    }),
    contentDisposition: t.exposeString('contentDisposition', {
      nullable: true,
      description: 'Content-Disposition (ContentDisposition).',
    }),
    contentEncoding: t.exposeString('contentEncoding', {
      nullable: true,
      description: 'Content-Encoding (ContentEncoding).',
    }),
    contentType: t.exposeString('contentType', {
      nullable: true,
      description: 'Content-Type (ContentType).',
    }),
    httpExpiresDate: t.exposeString('httpExpiresDate', {
      nullable: true,
      description: 'Expires, as the product writes it (HttpExpiresDate).',
    }),
    sseAlgorithm: t.exposeString('sseAlgorithm', {
      nullable: true,
      description: 'The server-side encryption, e.g. `AES256` (SSEAlgorithm).',
    }),
    userMetadata: t.expose('userMetadata', {
      type: [CosTagType],
      description: 'The user’s own metadata (UserMetadata); empty when there is none.',
    }),
  }),
});

builder.objectRef<CosPutObjectCopyOperation>('CosPutObjectCopyOperation').implement({
  description: 'Copies the objects to another bucket (COSPutObjectCopy).',
  interfaces: [CosOperationInterface],
  fields: (t) => ({
    accessControlDirective: t.exposeString('accessControlDirective', {
      nullable: true,
      description: '`Copy`, `Replaced` or `Add` (AccessControlDirective).',
    }),
    accessControlGrants: t.expose('accessControlGrants', {
      type: [CosGrantType],
      description: 'The permissions that copies get (AccessControlGrants); empty when there are none.',
    }),
    cannedAccessControlList: t.exposeString('cannedAccessControlList', {
      nullable: true,
      description: '`private` or `public-read` (CannedAccessControlList).',
    }),
    prefixReplace: t.exposeBoolean('prefixReplace', {
      nullable: true,
      description: 'Whether the key’s prefix is replaced (PrefixReplace).',
    }),
    resourcesPrefix: t.exposeString('resourcesPrefix', {
      nullable: true,
      description: 'The prefix that is replaced (ResourcesPrefix).',
    }),
    targetKeyPrefix: t.exposeString('targetKeyPrefix', {
      nullable: true,
      description: 'What replaces it (TargetKeyPrefix).',
    }),
    metadataDirective: t.exposeString('metadataDirective', {
      nullable: true,
      description: '`Copy`, `Replaced` or `Add` (MetadataDirective).',
    }),
    modifiedSinceConstraint: t.exposeString('modifiedSinceConstraint', {
      nullable: true,
      description: 'Only objects changed since then, as the product writes it (ModifiedSinceConstraint).',
    }),
    unModifiedSinceConstraint: t.exposeString('unModifiedSinceConstraint', {
      nullable: true,
      description:
        'Only objects not changed since then, as the product writes it (UnModifiedSinceConstraint).',
    }),
    newObjectMetadata: t.expose('newObjectMetadata', {
      type: CosObjectMetadataType,
      nullable: true,
      description: 'The metadata that copies get.',
    }),
    taggingDirective: t.exposeString('taggingDirective', {
      nullable: true,
      description: '`Copy`, `Replaced` or `Add` (TaggingDirective).',
    }),
    newObjectTagging: t.expose('newObjectTagging', {
      type: [CosTagType],
      description: 'The tags that copies get (NewObjectTagging); empty when there are none.',
    }),
    storageClass: t.exposeString('storageClass', {
      nullable: true,
      description: 'The storage class of the copies, e.g. `STANDARD_IA` (StorageClass).',
    }),
    targetResource: t.exposeString('targetResource', {
      nullable: true,
      description: 'The resource name of the bucket they go to (TargetResource).',
    }),
  }),
});

builder.objectRef<CosInitiateRestoreObjectOperation>('CosInitiateRestoreObjectOperation').implement({
  description: 'Restores archived objects (COSInitiateRestoreObject).',
  interfaces: [CosOperationInterface],
  fields: (t) => ({
    expirationInDays: t.exposeInt('expirationInDays', {
      nullable: true,
      description: 'For how many days the restored copies stay, 1 to 365 (ExpirationInDays).',
    }),
    jobTier: t.exposeString('jobTier', { nullable: true, description: '`Bulk` or `Standard` (JobTier).' }),
  }),
});

builder.objectRef<CosPutObjectTaggingOperation>('CosPutObjectTaggingOperation').implement({
  description: 'Sets the objects’ tags (COSPutObjectTagging).',
  interfaces: [CosOperationInterface],
  fields: (t) => ({
    taggingDirective: t.exposeString('taggingDirective', {
      nullable: true,
      description: 'What happens to the tags that are there (TaggingDirective).',
    }),
    tagSet: t.expose('tagSet', { type: [CosTagType], description: 'The tags (TagSet).' }),
  }),
});

builder.objectRef<CosDeleteObjectOperation>('CosDeleteObjectOperation').implement({
  description: 'Deletes the objects (COSDeleteObject).',
  interfaces: [CosOperationInterface],
});

builder.objectRef<CosOtherOperation>('CosOtherOperation').implement({
  description: 'An operation that the gateway does not know yet.',
  interfaces: [CosOperationInterface],
  fields: (t) => ({
    parameters: t.expose('parameters', { type: 'JSON', description: 'Its elements as they came.' }),
  }),
});
