/** What is wrong with an answer of the gateway, whatever it was asked. */
import { REQUEST_LEVEL_CODES } from '../support/error-codes.ts';

/** The closed list (contract section 7), without what is a bug whatever was asked. */
export const CODES: ReadonlySet<string> = new Set([
  ...REQUEST_LEVEL_CODES.filter((code) => code !== 'INTERNAL_SERVER_ERROR'),
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_RATE_LIMITED',
  'UPSTREAM_BAD_RESPONSE',
  'UPSTREAM_REJECTED',
  'UPSTREAM_AUTH_FAILED',
  'UPSTREAM_FORBIDDEN',
  'ORIGIN_NOT_CONFIGURED',
  'INVALID_ID',
  'INVALID_CURSOR',
  'INVALID_REPRESENTATION',
]);

export interface SeenAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** What is told of an answer that is well-formed. */
export interface Understood {
  readonly hasData: boolean;
  readonly codes: readonly string[];
}

/** An inside that no client may see: a stack, a path, an error as JavaScript has it. */
const INSIDE =
  /originalError|stacktrace|\bat [\w.<>]+ \(|\.[cm]?[jt]s:\d+|node_modules|file:\/\/|node:internal|TypeError|RangeError|Cannot read prop|is not a function/;

/** Throws what is wrong with it. A 500 and INTERNAL_SERVER_ERROR are bugs, whatever was asked. */
export function understand({ status, contentType, text }: SeenAnswer, asked = ''): Understood {
  const fail = (what: string): never => {
    throw new Error(`${what}: ${status} ${contentType} ${text.slice(0, 1_500)}\nto ${asked.slice(0, 3_000)}`);
  };
  if (status >= 500 || status < 200 || (status >= 300 && status < 400)) {
    fail('expected a status below 500');
  }
  if (INSIDE.test(text)) {
    fail('expected nothing of the inside');
  }
  if (!/^application\/(graphql-response\+)?json/.test(contentType)) {
    fail('expected JSON');
  }
  const answer = JSON.parse(text) as { data?: unknown; errors?: unknown; extensions?: unknown };
  const members = Object.keys(answer).filter((name) => !['data', 'errors', 'extensions'].includes(name));
  if (members.length > 0) {
    fail('expected the members of a GraphQL response');
  }
  const hasData = answer.data !== undefined;
  if (hasData && (typeof answer.data !== 'object' || Array.isArray(answer.data))) {
    fail('expected data to be an object or null');
  }
  if (!hasData && answer.errors === undefined) {
    fail('expected data or errors');
  }
  const codes = answer.errors === undefined ? [] : codesOf(answer.errors, fail);
  if (hasData && answer.data !== null && status !== 200) {
    fail('expected status 200 with data');
  }
  if (!hasData && status === 200 && contentType.startsWith('application/graphql-response+json')) {
    fail('expected another status than 200 without data');
  }
  return { hasData, codes };
}

function codesOf(errors: unknown, fail: (what: string) => never): string[] {
  if (!Array.isArray(errors) || errors.length === 0 || errors.length > 101) {
    return fail('expected some errors, and not too many');
  }
  return errors.map((error: Record<string, unknown>) => {
    const { message, locations = [], path = [], extensions, ...others } = error;
    if (typeof message !== 'string' || message === '' || message.length > 700) {
      return fail('expected a message of some length');
    }
    if (Object.keys(others).length > 0) {
      return fail('expected the members of a GraphQL error');
    }
    if (!Array.isArray(locations) || !locations.every(isLocation)) {
      return fail('expected locations as numbers from 1 on');
    }
    if (!Array.isArray(path) || !path.every((step) => typeof step === 'string' || Number.isInteger(step))) {
      return fail('expected a path of names and indices');
    }
    const code = (extensions as { code?: unknown } | undefined)?.code;
    return typeof code === 'string' && CODES.has(code) ? code : fail('expected a code of the closed list');
  });
}

function isLocation(location: unknown): boolean {
  const { line, column } = location as { line: unknown; column: unknown };
  return Number.isInteger(line) && Number.isInteger(column) && Number(line) > 0 && Number(column) > 0;
}
