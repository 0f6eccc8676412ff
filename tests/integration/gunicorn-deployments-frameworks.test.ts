import { frameworks } from '../support/deployments/catalogue/frameworks.ts';
import { compareDeployments } from '../support/deployments/run.ts';

compareDeployments('frameworks', frameworks);
