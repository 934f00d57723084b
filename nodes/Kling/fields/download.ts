import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

type Show = IDisplayOptions['show'];

function shown(show: Show): Pick<INodeProperties, 'displayOptions'> {
	return show === undefined ? {} : { displayOptions: { show } };
}

export function downloadVideo(show?: Show): INodeProperties {
	return {
		displayName: 'Download Video',
		name: 'downloadVideo',
		type: 'boolean',
		default: false,
		description: 'Whether to store the finished video in the item as a file, besides its address',
		...shown(show),
	};
}

export function outputBinaryField(show?: Show): INodeProperties {
	return {
		displayName: 'Put Output File in Field',
		name: 'outputBinaryField',
		type: 'string',
		default: 'data',
		placeholder: 'e.g. data',
		hint: 'The name of the output binary field to put the file in',
		description:
			'Where a downloaded video goes. Further videos of the same task get _1, _2 behind it.',
		...shown(show),
	};
}
