import { OLDER_GUIDES } from '../support/nginx-sites/catalogue/older-guides.ts';
import { useCases } from '../support/nginx-sites/use-cases.ts';

useCases('what older guides have', OLDER_GUIDES);
