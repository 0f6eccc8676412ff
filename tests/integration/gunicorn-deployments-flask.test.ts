import { flask } from '../support/deployments/catalogue/flask.ts';
import { compareDeployments } from '../support/deployments/run.ts';

compareDeployments('flask', flask);
