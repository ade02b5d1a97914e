import { describeExample } from './example-stories.ts';

describeExample('apollo-client');
