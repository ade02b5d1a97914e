/**
 * @generated SignedSource<<cddec7bd258be65224388c34ca28be0e>>
 * @lightSyntaxTransform
 * @codegen-command: npm run codegen
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
import type { FragmentRefs, Result } from "relay-runtime";
export type jobItemRefreshQuery$variables = {
  id: string;
};
export type jobItemRefreshQuery$data = {
  readonly node: Result<{
    readonly jobItem_job: {
      readonly " $fragmentSpreads": FragmentRefs<"jobItem_job">;
    } | null | undefined;
  } | null | undefined, unknown>;
};
export type jobItemRefreshQuery = {
  response: jobItemRefreshQuery$data;
  variables: jobItemRefreshQuery$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "id"
  }
],
v1 = [
  {
    "kind": "Variable",
    "name": "id",
    "variableName": "id"
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "jobItemRefreshQuery",
    "selections": [
      {
        "kind": "CatchField",
        "field": {
          "alias": null,
          "args": (v1/*:: as any*/),
          "concreteType": null,
          "kind": "LinkedField",
          "name": "node",
          "plural": false,
          "selections": [
            {
              "fragment": {
                "kind": "InlineFragment",
                "selections": [
                  {
                    "args": null,
                    "kind": "FragmentSpread",
                    "name": "jobItem_job"
                  }
                ],
                "type": "Job",
                "abstractKey": "__isJob"
              },
              "kind": "AliasedInlineFragmentSpread",
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
    "name": "jobItemRefreshQuery",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "node",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "__typename",
            "storageKey": null
          },
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
    "cacheID": "548de3372892d1f1aaaff3eff6b3c1c3",
    "id": null,
    "metadata": {},
    "name": "jobItemRefreshQuery",
    "operationKind": "query",
    "text": "query jobItemRefreshQuery(\n  $id: ID!\n) {\n  node(id: $id) {\n    __typename\n    ...jobItem_job\n    id\n  }\n}\n\nfragment jobItem_job on Job {\n  __isJob: __typename\n  id\n  displayName\n  status\n  source\n  progress {\n    percent\n    failed\n  }\n  freshness {\n    fetchedAt\n    stale\n  }\n}\n"
  }
};
})();

(node as any).hash = "36ccc415b66fe2d0d6fb25a8a8c7a249";

export default node;
