import { life } from '../support/deployments/catalogue/life.ts';
import { compareDeployments } from '../support/deployments/run.ts';

compareDeployments('life', life);
