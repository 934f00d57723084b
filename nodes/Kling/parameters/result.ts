import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import { Failure, type Settled } from '../api/failure';
import { toBoolean, toOptionalText } from './readers';
import { collect, type Settings } from './settings';

const downloadVideo: INodeProperties = {
	displayName: 'Download Video',
	name: 'downloadVideo',
	type: 'boolean',
	default: false,
	description: 'Whether to store the finished video in the item as a file, besides its address',
};

export const outputBinaryField: INodeProperties = {
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

export type ResultSettings = Exclude<ReturnType<typeof readResult>, Failure>;

export function readResult(settings: Settings) {
	const download = settings.read(downloadVideo, toBoolean);
	return collect({
		/** The field to store the video in; null to leave it at its address. */
		downloadField:
			download === true ? settings.read(outputBinaryField, toFieldName) : download || null,
		simplify: settings.read(simplify, toBoolean),
	});
}

function toFieldName(value: unknown): Settled<string> {
	const name = toOptionalText(value, 'Name the field to put the file in, such as “data”.');
	return name instanceof Failure ? name : name.trim() || 'data';
}
