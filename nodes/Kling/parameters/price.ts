import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import {
	DURATIONS_SECONDS,
	type DurationSeconds,
	estimateCredits,
	formatCredits,
} from '../api/pricing';
import { CREATING } from './operation';

const SOUND_CHOICES = [false, true];

const prices = (duration: DurationSeconds) =>
	`${duration} seconds ${estimateCredits(duration, false)}, with sound ${estimateCredits(duration, true)}`;

function notice(
	name: string,
	text: string,
	{ show = {}, hide = {} }: IDisplayOptions,
): INodeProperties {
	return {
		displayName: text,
		name,
		type: 'notice',
		default: '',
		displayOptions: { show: { operation: CREATING, ...show }, hide },
	};
}

/**
 * The price, of which exactly one notice is in sight at any time. The editor puts in what an
 * expression gives before it looks at these conditions, and an empty text where it gives nothing.
 */
export const creditNotices: INodeProperties[] = [
	...DURATIONS_SECONDS.flatMap((duration) => [
		...SOUND_CHOICES.map((sound) =>
			notice(
				`credits${duration}${sound ? 'Sound' : 'Silent'}`,
				`Estimated price of each video: ${formatCredits(estimateCredits(duration, sound))}. Taken when it is created, given back if it fails.`,
				{ show: { duration: [duration], sound: [sound] } },
			),
		),
		notice(
			`credits${duration}`,
			`The price of each video depends on its sound. Estimated credits: ${prices(duration)}.`,
			{ show: { duration: [duration] }, hide: { sound: SOUND_CHOICES } },
		),
	]),
	notice(
		'creditsByDuration',
		`The price of each video depends on its duration and sound. Estimated credits: ${DURATIONS_SECONDS.map(prices).join('; ')}.`,
		{ hide: { duration: [...DURATIONS_SECONDS] } },
	),
];
