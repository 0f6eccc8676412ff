import { FILE_SITES } from '../support/nginx-sites/catalogue/files.ts';
import { useCases } from '../support/nginx-sites/use-cases.ts';

useCases('static files', FILE_SITES);
