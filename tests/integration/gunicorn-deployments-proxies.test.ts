import { proxies } from '../support/deployments/catalogue/proxies.ts';
import { compareDeployments } from '../support/deployments/run.ts';

compareDeployments('proxies', proxies);
