import { describeExample } from './example-stories.ts';

describeExample('urql');
