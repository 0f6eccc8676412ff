import { describeWriting } from './direct-write-cases.ts';

describeWriting('a direct write', true);
