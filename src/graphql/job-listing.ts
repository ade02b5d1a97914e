import { type JobFilter, normalStatuses } from '../jobs/job-filter.ts';
import { builder } from './builder.ts';
import { defineConnection } from './connection.ts';
import { checkedList, checkedText, checkedTexts } from './filter-checks.ts';
import { JobInterface, JobSourceEnum, JobStatusEnum } from './job.ts';

export const JobConnectionType = defineConnection('Job', JobInterface);

export const JobFilterInput = builder.inputType('JobFilter', {
  description:
    'Filters that are left out or null do not restrict; several restrict together; the values of one are alternatives. No list may be empty.',
  fields: (t) => ({
    sources: t.field({
      type: [JobSourceEnum],
      description: 'Jobs of these products; the others are not called.',
    }),
    accounts: t.stringList({ description: 'Jobs of these accounts, by their names in the configuration.' }),
    regions: t.stringList({ description: 'Jobs in these regions.' }),
    statuses: t.field({ type: [JobStatusEnum], description: 'Jobs in one of these statuses.' }),
    createdAfter: t.field({ type: 'DateTime', description: 'Jobs created at or after this time.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Jobs created before this time.' }),
    text: t.string({
      description:
        'Jobs with this text in their name, description or own id, in any case. No product can search for it, so a page may end early; `endCursor` goes on.',
    }),
  }),
});

/** The filter in its one normal form. Throws `UserInputError` on empty lists and texts that cannot be looked for. */
export function toJobFilter(input: typeof JobFilterInput.$inferInput | null | undefined): JobFilter {
  return {
    sources: checkedList('sources', input?.sources),
    accounts: checkedTexts('accounts', input?.accounts),
    regions: checkedTexts('regions', input?.regions),
    statuses: normalStatuses(checkedList('statuses', input?.statuses)),
    createdAfter: input?.createdAfter ?? null,
    createdBefore: input?.createdBefore ?? null,
    text: checkedText('text', input?.text),
  };
}
