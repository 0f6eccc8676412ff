import { daemons } from '../support/deployments/catalogue/daemons.ts';
import { compareDeployments } from '../support/deployments/run.ts';

compareDeployments('daemons', daemons);
