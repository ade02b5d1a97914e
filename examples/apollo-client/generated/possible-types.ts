export const possibleTypes = {
  "CosOperation": [
    "CosDeleteObjectOperation",
    "CosInitiateRestoreObjectOperation",
    "CosOtherOperation",
    "CosPutObjectCopyOperation",
    "CosPutObjectTaggingOperation"
  ],
  "Job": [
    "BatchComputeJob",
    "CiJob",
    "CosJob"
  ],
  "Node": [
    "BatchComputeJob",
    "CiJob",
    "CosJob"
  ]
};
