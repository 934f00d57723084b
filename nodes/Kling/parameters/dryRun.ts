import type { INodeProperties } from 'n8n-workflow';

import type { Settled } from '../api/failure';
import { CREATING } from './operation';
import { toBoolean } from './readers';
import type { Settings } from './settings';

export const dryRunOption: INodeProperties = {
	displayName: 'Dry Run',
	name: 'dryRun',
	type: 'boolean',
	default: false,
	description:
		'Whether to check everything, images and balance included, and show what would be sent, without creating or spending anything',
	displayOptions: { show: { '/operation': CREATING } },
};

/** Whether an item is only to be checked. */
export function readDryRun(settings: Settings): Settled<boolean> {
	return settings.option(dryRunOption, toBoolean);
}
