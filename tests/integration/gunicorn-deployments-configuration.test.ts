import { configuration } from '../support/deployments/catalogue/configuration.ts';
import { compareDeployments } from '../support/deployments/run.ts';

compareDeployments('configuration', configuration);
