import { http } from '../support/deployments/catalogue/http.ts';
import { compareDeployments } from '../support/deployments/run.ts';

compareDeployments('HTTP and WSGI', http);
