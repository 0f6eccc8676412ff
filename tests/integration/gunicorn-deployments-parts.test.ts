import { parts } from '../support/deployments/catalogue/parts.ts';
import { compareDeployments } from '../support/deployments/run.ts';

compareDeployments('greenlets, TLS and PasteDeploy', parts);
