import { Refusal } from '../answer.ts';
import { headerOf, queryOf, type ReceivedRequest } from '../received-request.ts';

/** An action's parameters as sent, and whether they came as a flattened query, where every number is text. */
export interface RequestParameters {
  readonly values: Readonly<Record<string, unknown>>;
  readonly fromQuery: boolean;
}

const GET_CAP_BYTES = 32 * 1024;
const POST_CAP_BYTES = 10 * 1024 * 1024;

/** Method, size and syntax (batch-compute.md section 1), which come before everything else (section 11). */
export function readParameters(request: ReceivedRequest): RequestParameters {
  if (request.method !== 'GET' && request.method !== 'POST') {
    throw new Refusal(200, 'UnsupportedProtocol', 'Only GET and POST requests are supported.');
  }
  const [size, cap] =
    request.method === 'GET'
      ? [request.rawQuery.length, GET_CAP_BYTES]
      : [request.body.length, POST_CAP_BYTES];
  if (size > cap) {
    throw new Refusal(200, 'RequestSizeLimitExceeded', `The request is larger than ${cap} bytes.`);
  }
  return request.method === 'GET'
    ? { values: unflatten(request), fromQuery: true }
    : { values: jsonBody(request), fromQuery: false };
}

/** The parameters for the call record: whatever can be read, without a complaint. */
export function glimpsedParameters(request: ReceivedRequest): Readonly<Record<string, unknown>> {
  try {
    return readParameters(request).values;
  } catch {
    return {};
  }
}

function jsonBody(request: ReceivedRequest): Readonly<Record<string, unknown>> {
  const [mediaType] = (headerOf(request, 'content-type') ?? '').split(';');
  if (mediaType?.trim().toLowerCase() !== 'application/json') {
    throw new Refusal(
      200,
      'InvalidParameter',
      'The content type is not supported; expected application/json.',
    );
  }
  const value = parsed(request.body.toString('utf8'));
  if (!isRecord(value)) {
    throw new Refusal(200, 'InvalidParameter', 'The request body is not a JSON object.');
  }
  // an explicit null says as much as leaving the parameter out
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `Filters.0.Values.1=x` → `{ Filters: [{ Values: [, 'x'] }] }`, with zero-based indexes (section 1). */
function unflatten(request: ReceivedRequest): Readonly<Record<string, unknown>> {
  const root = new Map<string, unknown>();
  for (const { name, value } of queryOf(request)) {
    const path = name.split('.');
    const last = path.pop() ?? '';
    const parent = path.reduce(childOf, root);
    parent.set(last, value);
  }
  return Object.fromEntries([...root].map(([name, value]) => [name, plain(value)]));
}

function childOf(parent: Map<string, unknown>, step: string): Map<string, unknown> {
  const existing = parent.get(step);
  if (existing instanceof Map) {
    return existing as Map<string, unknown>;
  }
  const child = new Map<string, unknown>();
  parent.set(step, child);
  return child;
}

/** Maps whose keys count 0, 1, 2 … are lists; other maps are objects. */
function plain(value: unknown): unknown {
  if (!(value instanceof Map)) {
    return value;
  }
  const entries = [...(value as Map<string, unknown>)].map(([name, child]): [string, unknown] => [
    name,
    plain(child),
  ]);
  const isList = entries.every(([name], index) => name === String(index));
  return isList ? entries.map(([, child]) => child) : Object.fromEntries(entries);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
