import { AROUND } from '../support/nginx-sites/catalogue/around.ts';
import { useCases } from '../support/nginx-sites/use-cases.ts';

useCases('TLS, limits, compression and caches', AROUND);
