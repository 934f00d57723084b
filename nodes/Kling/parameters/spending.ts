import type { INodeProperties } from 'n8n-workflow';

import { Failure, type Settled } from '../api/failure';
import { CREATING } from './operation';
import { toBoolean, toNumber } from './readers';
import { collect, type Settings } from './settings';

const CONCURRENCY = { min: 1, max: 50 } as const;

export const checkBalanceOption: INodeProperties = {
	displayName: 'Check Balance',
	name: 'checkBalance',
	type: 'boolean',
	default: false,
	description:
		'Whether to read the balance first and spend nothing when it is too low for all items',
};

const checkImagesOption: INodeProperties = {
	displayName: 'Check Images',
	name: 'checkImages',
	type: 'boolean',
	default: false,
	description:
		'Whether to look at each image first and spend nothing when one is missing, too large or no picture',
};

const concurrencyOption: INodeProperties = {
	displayName: 'Concurrency',
	name: 'concurrency',
	type: 'number',
	typeOptions: { minValue: CONCURRENCY.min, maxValue: CONCURRENCY.max },
	default: 5,
	description: 'How many tasks may be created at the same time when there are many items',
};

export const dryRunOption: INodeProperties = {
	displayName: 'Dry Run',
	name: 'dryRun',
	type: 'boolean',
	default: false,
	description:
		'Whether to check everything, images and balance included, and show what would be sent, without creating or spending anything',
};

export const maxCreditsOption: INodeProperties = {
	displayName: 'Max Credits',
	name: 'maxCredits',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 0,
	description:
		'The most credits that one run of this node may spend on all items together. Nothing is spent when the estimate is higher. 0 means no limit.',
};

/** The entries of Options that are about money, in the order of the alphabet. */
export const spendingOptions = [
	checkBalanceOption,
	checkImagesOption,
	concurrencyOption,
	dryRunOption,
	maxCreditsOption,
].map((option) => ({ ...option, displayOptions: { show: { '/operation': CREATING } } }));

export type SpendingSettings = Exclude<ReturnType<typeof readSpending>, Failure>;

/** What holds for a run whose items say different things. Each item's images are its own concern. */
export function strictest(spending: readonly SpendingSettings[]) {
	return {
		maxCredits: Math.min(...spending.map(({ maxCredits }) => maxCredits)),
		checkBalance: spending.some(({ checkBalance }) => checkBalance),
		concurrency: Math.min(...spending.map(({ concurrency }) => concurrency)),
	};
}

/** Whether an item is only to be checked. */
export function readDryRun(settings: Settings): Settled<boolean> {
	return settings.option(dryRunOption, toBoolean);
}

/** What an item may spend, without a limit `Infinity`, and what is checked first: in a dry run everything. */
export function readSpending(settings: Settings) {
	const read = collect({
		checkBalance: settings.option(checkBalanceOption, toBoolean),
		checkImages: settings.option(checkImagesOption, toBoolean),
		concurrency: settings.option(concurrencyOption, (value) => toNumber(value, CONCURRENCY)),
		dryRun: readDryRun(settings),
		maxCredits: settings.option(maxCreditsOption, (value) => toNumber(value, { min: 0 })),
	});
	if (read instanceof Failure) return read;
	const { dryRun, checkBalance, checkImages, concurrency, maxCredits } = read;
	return {
		checkBalance: checkBalance || dryRun,
		checkImages: checkImages || dryRun,
		concurrency,
		maxCredits: maxCredits || Infinity,
	};
}
