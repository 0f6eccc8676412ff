import { ANSWERS } from '../support/nginx-sites/catalogue/answers.ts';
import { useCases } from '../support/nginx-sites/use-cases.ts';

useCases('answers without a server behind', ANSWERS);
