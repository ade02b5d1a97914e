/**
 * @generated SignedSource<<b774e83bd846f800d69a198850a2f9d0>>
 * @lightSyntaxTransform
 * @codegen-command: npm run codegen
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
import type { FragmentRefs, Result } from "relay-runtime";
export type cosJobLookUpQuery$variables = {
  jobId: string;
};
export type cosJobLookUpQuery$data = {
  readonly cosJob: Result<{
    readonly " $fragmentSpreads": FragmentRefs<"jobItem_job">;
  } | null | undefined, unknown>;
};
export type cosJobLookUpQuery = {
  response: cosJobLookUpQuery$data;
  variables: cosJobLookUpQuery$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "jobId"
  }
],
v1 = [
  {
    "kind": "Variable",
    "name": "jobId",
    "variableName": "jobId"
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "cosJobLookUpQuery",
    "selections": [
      {
        "kind": "CatchField",
        "field": {
          "alias": null,
          "args": (v1/*:: as any*/),
          "concreteType": "CosJob",
          "kind": "LinkedField",
          "name": "cosJob",
          "plural": false,
          "selections": [
            {
              "args": null,
              "kind": "FragmentSpread",
              "name": "jobItem_job"
            }
          ],
          "storageKey": null
        },
        "to": "RESULT"
      }
    ],
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "cosJobLookUpQuery",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "CosJob",
        "kind": "LinkedField",
        "name": "cosJob",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "id",
            "storageKey": null
          },
          {
            "kind": "InlineFragment",
            "selections": [
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
          }
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "2b32c8148a67158490d5e3ed00dc2335",
    "id": null,
    "metadata": {},
    "name": "cosJobLookUpQuery",
    "operationKind": "query",
    "text": "query cosJobLookUpQuery(\n  $jobId: String!\n) {\n  cosJob(jobId: $jobId) {\n    ...jobItem_job\n    id\n  }\n}\n\nfragment jobItem_job on Job {\n  __isJob: __typename\n  id\n  displayName\n  status\n  source\n  progress {\n    percent\n    failed\n  }\n  freshness {\n    fetchedAt\n    stale\n  }\n}\n"
  }
};
})();

(node as any).hash = "1365b20b0b8dd77145ce507c6eff4d08";

export default node;
