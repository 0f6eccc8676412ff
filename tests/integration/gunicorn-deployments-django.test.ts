import { django } from '../support/deployments/catalogue/django.ts';
import { compareDeployments } from '../support/deployments/run.ts';

compareDeployments('django', django);
