/**
 * @generated SignedSource<<3b38ce78ea58de9d74faa6dba8b2563a>>
 * @lightSyntaxTransform
 * @codegen-command: npm run codegen
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ReaderFragment } from 'relay-runtime';
export type JobSource = "BATCH_COMPUTE" | "CI" | "COS" | "%future added value";
export type JobStatus = "CANCELLED" | "COMPLETED" | "FAILED" | "PAUSED" | "QUEUED" | "RUNNING" | "STOPPING" | "SUSPENDED" | "UNKNOWN" | "%future added value";
import type { FragmentRefs } from "relay-runtime";
export type jobItem_job$data = {
  readonly displayName: string;
  readonly freshness: {
    readonly fetchedAt: string;
    readonly stale: boolean;
  };
  readonly id: string;
  readonly progress: {
    readonly failed: number;
    readonly percent: number | null | undefined;
  } | null | undefined;
  readonly source: JobSource;
  readonly status: JobStatus;
  readonly " $fragmentType": "jobItem_job";
};
export type jobItem_job$key = {
  readonly " $data"?: jobItem_job$data;
  readonly " $fragmentSpreads": FragmentRefs<"jobItem_job">;
};

const node: ReaderFragment = {
  "argumentDefinitions": [],
  "kind": "Fragment",
  "metadata": null,
  "name": "jobItem_job",
  "selections": [
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "id",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "displayName",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "status",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "source",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "concreteType": "JobProgress",
      "kind": "LinkedField",
      "name": "progress",
      "plural": false,
      "selections": [
        {
          "alias": null,
          "args": null,
          "kind": "ScalarField",
          "name": "percent",
          "storageKey": null
        },
        {
          "alias": null,
          "args": null,
          "kind": "ScalarField",
          "name": "failed",
          "storageKey": null
        }
      ],
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "concreteType": "JobFreshness",
      "kind": "LinkedField",
      "name": "freshness",
      "plural": false,
      "selections": [
        {
          "alias": null,
          "args": null,
          "kind": "ScalarField",
          "name": "fetchedAt",
          "storageKey": null
        },
        {
          "alias": null,
          "args": null,
          "kind": "ScalarField",
          "name": "stale",
          "storageKey": null
        }
      ],
      "storageKey": null
    }
  ],
  "type": "Job",
  "abstractKey": "__isJob"
};

(node as any).hash = "922c2aa66cae8e538decee6e9e84c636";

export default node;
