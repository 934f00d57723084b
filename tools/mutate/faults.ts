import type { PlantedFault } from './fault';
import { IN_API } from './faults/api';
import { IN_CALLBACK } from './faults/callback';
import { IN_CREATING } from './faults/creating';
import { IN_IMAGES } from './faults/images';
import { IN_N8N } from './faults/n8n';
import { IN_OPERATIONS } from './faults/operations';
import { IN_PARAMETERS } from './faults/parameters';
import { IN_RESULT } from './faults/result';
import { IN_WAITING } from './faults/waiting';
import { IN_WEBHOOKS } from './faults/webhooks';

/** All of them, by their rooms, from what an item meets first to what it meets last. */
export const PLANTED_FAULTS: readonly PlantedFault[] = [
	...IN_PARAMETERS,
	...IN_IMAGES,
	...IN_API,
	...IN_CREATING,
	...IN_CALLBACK,
	...IN_WAITING,
	...IN_WEBHOOKS,
	...IN_RESULT,
	...IN_OPERATIONS,
	...IN_N8N,
];
