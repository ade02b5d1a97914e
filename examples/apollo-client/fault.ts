import { CombinedGraphQLErrors } from '@apollo/client';
import { type Fault, faultOf } from '../page/fault.tsx';

/** What an error of Apollo Client tells: the first of the answer’s errors, or that there was no answer. */
export function faultFrom(error: unknown): Fault {
  return faultOf(CombinedGraphQLErrors.is(error) ? error.errors[0] : undefined);
}
