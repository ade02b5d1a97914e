/** What got out in this process, and where. */
import { expect, onTestFinished } from 'vitest';
import { type SecretForm, type SecretKind, secretsIn } from './known-secrets.ts';

interface Leak {
  readonly kind: SecretKind;
  readonly form: string;
  readonly place: string;
  /** What stands around it, without itself. */
  readonly context: string;
  /** While which it was seen. */
  readonly test: string;
}

/** Whether a secret may stand there; tells what stands before it. */
export type Allows = (secret: SecretForm, before: string) => boolean;

const NOTHING: Allows = () => false;
const CONTEXT_BYTES = 60;
/** An answer that repeats a secret a thousand times is one fault. */
const MAX_LEAKS = 100;

const leaks: Leak[] = [];
const exemptions = new Set<Exemption>();

/** Looks through what is given out at a place. `from`: what is before was looked through already. */
export function lookThrough(
  output: string | Buffer,
  place: string,
  allows: Allows = NOTHING,
  from = 0,
): void {
  const bytes = typeof output === 'string' ? Buffer.from(output) : output;
  for (const { tag, start, end } of secretsIn(bytes)) {
    if (end > from && !allows(tag, textOf(bytes, start - 1_024, start)) && !isExempt(tag, place)) {
      const context = `${textOf(bytes, start - CONTEXT_BYTES, start)}***${textOf(bytes, end, end + CONTEXT_BYTES)}`;
      note({ ...tag, place, context });
    }
  }
}

function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', Math.max(start, 0), end);
}

function note({ kind, form, place, context }: Omit<Leak, 'test'>): void {
  const isKnown = leaks.some((leak) => leak.kind === kind && leak.form === form && leak.place === place);
  if (!isKnown && leaks.length < MAX_LEAKS) {
    leaks.push({ kind, form, place, context, test: expect.getState().currentTestName ?? 'no test' });
  }
}

/** What has got out since this was asked last. */
export function takeLeaks(): Leak[] {
  return leaks.splice(0);
}

/** Fails, naming what leaked where, when anything has got out since this was asked last. */
export function failOnLeaks(): void {
  const lines = takeLeaks().map(
    ({ kind, form, place, context, test }) =>
      `- ${kind} (${form}) in ${place}, while ${test}: ${JSON.stringify(context)}`,
  );
  if (lines.length > 0) {
    throw new Error(
      `Secrets got out (test/support/secrets-kept/setup.ts says what is one and where):\n${lines.join('\n')}`,
    );
  }
}

/** Something that gives out a secret on purpose, for the reason given. */
interface Exemption {
  readonly kinds: readonly SecretKind[];
  /** What the place must hold. */
  readonly place: string;
  readonly because: string;
}

/** Until the test is over, takes what gets out there for no leak. */
export function allowLeaks(exemption: Exemption): void {
  exemptions.add(exemption);
  onTestFinished(() => void exemptions.delete(exemption));
}

function isExempt({ kind }: SecretForm, place: string): boolean {
  return [...exemptions].some((each) => each.kinds.includes(kind) && place.includes(each.place));
}
