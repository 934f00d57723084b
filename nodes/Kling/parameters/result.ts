import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import type { Settled } from '../api/failure';
import { Invalid, toBoolean, toOptionalText } from './readers';
import { collect, type Settings } from './settings';

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
	default: 'data',
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

/** How a task is passed on, where `show` applies. A model gets no files. */
export function resultFields(show: IDisplayOptions['show'] = {}): INodeProperties[] {
	const hide = { '@tool': [true] };
	return [
		{ ...downloadVideo, displayOptions: { show, hide } },
		{ ...outputBinaryField, displayOptions: { show, hide: { ...hide, downloadVideo: [false] } } },
		{ ...simplify, displayOptions: { show } },
	];
}

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
	return name instanceof Invalid ? name : name.trim() || 'data';
}
