import { Refusal } from '../answer.ts';
import { isRecord, type RequestParameters } from './request-parameters.ts';

/** Undeclared parameters are refused, names being case-sensitive (batch-compute.md section 1). */
export function refuseUndeclared(
  values: Readonly<Record<string, unknown>>,
  declared: readonly string[],
): void {
  const unknown = Object.keys(values).find((name) => !declared.includes(name));
  if (unknown !== undefined) {
    throw new Refusal(200, 'UnknownParameter', `The parameter \`${unknown}\` is not recognized.`);
  }
}

/** Undefined when absent; a number in a query is decimal text. */
export function integerParameter({ values, fromQuery }: RequestParameters, name: string): number | undefined {
  const value = values[name];
  const number = fromQuery && typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (number !== undefined && !Number.isSafeInteger(number)) {
    throw wrongType(name, 'an integer');
  }
  return typeof number === 'number' ? number : undefined;
}

export function textParameter(values: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = values[name];
  if (value !== undefined && typeof value !== 'string') {
    throw wrongType(name, 'a string');
  }
  return value;
}

export function textsParameter(
  values: Readonly<Record<string, unknown>>,
  name: string,
): readonly string[] | undefined {
  const value = values[name];
  if (value === undefined) {
    return undefined;
  }
  if (!Array.isArray(value) || !value.every((member) => typeof member === 'string')) {
    throw wrongType(name, 'a list of strings');
  }
  return value;
}

export function recordsParameter(
  values: Readonly<Record<string, unknown>>,
  name: string,
): readonly Readonly<Record<string, unknown>>[] | undefined {
  const value = values[name];
  if (value === undefined) {
    return undefined;
  }
  if (!Array.isArray(value) || !value.every(isRecord)) {
    throw wrongType(name, 'a list of objects');
  }
  return value;
}

const JOB_ID = /^job-[0-9a-z]{8}$/;

/** One malformed id fails the whole call (section 4.3). */
export function checkJobId(jobId: string): void {
  if (!JOB_ID.test(jobId)) {
    throw new Refusal(200, 'InvalidParameter.JobIdMalformed', `The JobId \`${jobId}\` is malformed.`);
  }
}

function wrongType(name: string, expected: string): Refusal {
  return new Refusal(200, 'InvalidParameter', `The parameter \`${name}\` is not ${expected}.`);
}
