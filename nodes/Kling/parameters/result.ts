import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import type { Settled } from '../api/failure';
import { READING } from './operation';
import { Invalid, toBoolean, toOptionalText } from './readers';
import { collect, type Settings } from './settings';

const DEFAULT_OUTPUT_FIELD = 'data';

/** Simplify, as both nodes show it. */
const simplify: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

export const simplifyField: INodeProperties = {
	...simplify,
	displayOptions: { show: { operation: READING } },
};

export const triggerSimplifyField = simplify;

type Show = IDisplayOptions['show'];

function shown(show: Show): Pick<INodeProperties, 'displayOptions'> {
	return show === undefined ? {} : { displayOptions: { show } };
}

function downloadVideo(show?: Show): INodeProperties {
	return {
		displayName: 'Download Video',
		name: 'downloadVideo',
		type: 'boolean',
		default: false,
		description: 'Whether to store the finished video in the item as a file, besides its address',
		...shown(show),
	};
}

function outputBinaryField(show?: Show): INodeProperties {
	return {
		displayName: 'Put Output File in Field',
		name: 'outputBinaryField',
		type: 'string',
		default: DEFAULT_OUTPUT_FIELD,
		placeholder: 'e.g. data',
		hint: 'The name of the output field to put the file in',
		description:
			'Where a downloaded video goes. Further videos of the same task get _1, _2 behind it.',
		...shown(show),
	};
}

const readingOnly = { '/operation': READING };

export const downloadVideoOption = downloadVideo(readingOnly);
export const outputBinaryFieldOption = outputBinaryField(readingOnly);
export const triggerDownloadOptions = [downloadVideo(), outputBinaryField()];

/** How a task is passed on. */
export interface ResultSettings {
	/** The contract's simplified task rather than the API's own object. */
	simplify: boolean;
	/** The field to store the video in; null to leave it at its address. */
	downloadField: string | null;
}

export function readResult(settings: Settings): Settled<ResultSettings> {
	const download = settings.option(downloadVideoOption, toBoolean);
	return collect({
		simplify: settings.read(simplify, toBoolean),
		downloadField:
			download === true ? settings.option(outputBinaryFieldOption, toFieldName) : download || null,
	});
}

function toFieldName(value: unknown): string | Invalid {
	const name = toOptionalText(value, 'Name the field to put the file in, such as “data”.');
	return name instanceof Invalid ? name : name.trim() || DEFAULT_OUTPUT_FIELD;
}
