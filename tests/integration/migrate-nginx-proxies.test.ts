import { PROXIES } from '../support/nginx-sites/catalogue/proxies.ts';
import { useCases } from '../support/nginx-sites/use-cases.ts';

useCases('proxies', PROXIES);
