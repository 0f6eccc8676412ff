import { platforms } from '../support/deployments/catalogue/platforms.ts';
import { compareDeployments } from '../support/deployments/run.ts';

compareDeployments('platforms', platforms);
