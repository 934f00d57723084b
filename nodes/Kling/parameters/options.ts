import type { INodeProperties } from 'n8n-workflow';

import { referenceOption } from './callback';
import { checkImagesOption } from './images';
import { OPERATIONS } from './operation';
import { checkBalanceOption, concurrencyOption, dryRunOption, maxCreditsOption } from './spending';
import { pollIntervalOption, throwOnFailureOptions } from './waiting';

/** What few users need, in the order of the alphabet (n8n: lint). */
export const optionsField: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	// With “operation” instead, n8n empties the collection when another operation is chosen.
	displayOptions: { hide: { '/operation': [OPERATIONS.getCredits] } },
	options: [
		checkBalanceOption,
		checkImagesOption,
		concurrencyOption,
		dryRunOption,
		maxCreditsOption,
		pollIntervalOption,
		referenceOption,
		...throwOnFailureOptions,
	],
};
