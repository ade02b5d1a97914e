import type { CombinedError } from 'urql';
import { type Fault, faultOf } from '../page/fault.tsx';

/** What an error of urql tells: the first of the answer’s errors, or that there was no answer. */
export function faultFrom(error: CombinedError | undefined): Fault {
  return faultOf(error?.graphQLErrors[0]);
}
