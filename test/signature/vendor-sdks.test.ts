/** The official SDKs as judges, on inputs that nobody chose. */
import { createRequire } from 'node:module';
import COS from 'cos-nodejs-sdk-v5';
import * as fc from 'fast-check';
import type tc3Module from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/sign.js';
import { expect, it } from 'vitest';
import { authorization as cosAuthorization, keyTimeText } from '../../src/signature/cos.ts';
import { authorization as tc3Authorization } from '../../src/signature/tc3.ts';

// By require, for Node and the test runner disagree on what this CommonJS module's default export is.
const tc3Sdk = createRequire(import.meta.url)(
  'tencentcloud-sdk-nodejs-common/tencentcloud/common/sign.js',
) as typeof tc3Module;

const secrets = { secretId: 'AKIDEXAMPLE', secretKey: 'EXAMPLEKEY' };
// The SDK sorts before it encodes, which is the same for names of this kind only.
const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,11}$/);
const text = fc.string({ unit: 'binary', maxLength: 24 });
const pairs = fc.uniqueArray(fc.tuple(name, text), { maxLength: 6, selector: ([key]) => key.toLowerCase() });
const seconds = fc.integer({ min: 1, max: 4_000_000_000 });

it('signs like the official COS SDK whatever the parameters hold', () => {
  const property = fc.property(pairs, fc.webPath(), text, seconds, (params, webPath, token, startSeconds) => {
    const path = `/${webPath}`;
    const keyTime = { startSeconds, endSeconds: startSeconds + 600 };
    const headers = { host: '1.cos-control.ap-guangzhou.myqcloud.com', 'x-cos-security-token': token };
    const theirs = COS.getAuthorization({
      SecretId: secrets.secretId,
      SecretKey: secrets.secretKey,
      Method: 'GET',
      Pathname: path,
      Query: Object.fromEntries(params),
      Headers: headers,
      KeyTime: keyTimeText(keyTime),
    });
    expect(cosAuthorization({ method: 'GET', path, params, headers, keyTime, ...secrets })).toBe(theirs);
  });
  fc.assert(property, { numRuns: 200 });
});

it('signs like the official API 3.0 SDK whatever the body holds', () => {
  const property = fc.property(fc.dictionary(name, text), seconds, (parameters, timestampSeconds) => {
    const body = JSON.stringify(parameters);
    const theirs = tc3Sdk.default.sign3({
      method: 'POST',
      url: 'https://batch.tencentcloudapi.com/',
      // As bytes: the SDK's own serializer escapes some characters that JSON.stringify does not.
      payload: Buffer.from(body),
      timestamp: timestampSeconds,
      service: 'batch',
      ...secrets,
      multipart: false,
      boundary: '',
      headers: { 'Content-Type': 'application/json' },
    });
    const ours = tc3Authorization({
      method: 'POST',
      query: '',
      headers: { 'content-type': 'application/json', host: 'batch.tencentcloudapi.com' },
      body,
      timestampSeconds,
      service: 'batch',
      ...secrets,
    });
    expect(ours).toBe(theirs);
  });
  fc.assert(property, { numRuns: 200 });
});
