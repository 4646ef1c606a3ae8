/** One stage of the customer display: the view narrowed to it. */
import type { CustomerView } from '../lib/backend/backend';

export type Stage<Name extends CustomerView['stage']> = Extract<CustomerView, { stage: Name }>;
