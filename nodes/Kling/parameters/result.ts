import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import type { Settled } from '../api/failure';
import { READING } from './operation';
import { Invalid, toBoolean, toOptionalText } from './readers';
import { collect, type Settings } from './settings';

const DEFAULT_OUTPUT_FIELD = 'data';

const downloadVideo: INodeProperties = {
	displayName: 'Download Video',
	name: 'downloadVideo',
	type: 'boolean',
	default: false,
	description: 'Whether to store the finished video in the item as a file, besides its address',
};

const outputBinaryField: INodeProperties = {
	displayName: 'Put Output File in Field',
	name: 'outputBinaryField',
	type: 'string',
	default: DEFAULT_OUTPUT_FIELD,
	placeholder: 'e.g. data',
	hint: 'The name of the output field to put the file in',
	description:
		'Where a downloaded video goes. Further videos of the same task get _1, _2 behind it.',
};

const simplify: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

/** How the Kling Trigger passes a task on. */
export const triggerResultFields: INodeProperties[] = [
	downloadVideo,
	{ ...outputBinaryField, displayOptions: { hide: { downloadVideo: [false] } } },
	simplify,
];

const forReading: IDisplayOptions['show'] = { operation: READING };
// A model gets no files.
const notForTools: IDisplayOptions['hide'] = { '@tool': [true] };

/** The same for the operations that read tasks. */
export const resultFields: INodeProperties[] = [
	{ ...downloadVideo, displayOptions: { show: forReading, hide: notForTools } },
	{
		...outputBinaryField,
		displayOptions: { show: forReading, hide: { ...notForTools, downloadVideo: [false] } },
	},
	{ ...simplify, displayOptions: { show: forReading } },
];

/** How a task is passed on. */
export interface ResultSettings {
	/** The contract's simplified task rather than the API's own object. */
	simplify: boolean;
	/** The field to store the video in; null to leave it at its address. */
	downloadField: string | null;
}

export function readResult(settings: Settings): Settled<ResultSettings> {
	const download = settings.read(downloadVideo, toBoolean);
	return collect({
		downloadField:
			download === true ? settings.read(outputBinaryField, toFieldName) : download || null,
		simplify: settings.read(simplify, toBoolean),
	});
}

function toFieldName(value: unknown): string | Invalid {
	const name = toOptionalText(value, 'Name the field to put the file in, such as “data”.');
	return name instanceof Invalid ? name : name.trim() || DEFAULT_OUTPUT_FIELD;
}
