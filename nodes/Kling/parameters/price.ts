import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import {
	CREDITS_PER_SECOND,
	DURATIONS_SECONDS,
	type DurationSeconds,
	estimateCredits,
	formatCredits,
} from '../api/pricing';
import { CREATING } from './operation';

// Not `startsWith`, which n8n 2.0 calls on numbers and booleans too, and breaks.
const SOUND_CHOICES = [false, true];

const prices = (duration: DurationSeconds) =>
	`${duration} seconds ${estimateCredits(duration, false)}, with sound ${estimateCredits(duration, true)}`;

function notice(
	name: string,
	text: string,
	hide: NonNullable<IDisplayOptions['hide']>,
): INodeProperties {
	return {
		displayName: text,
		name,
		type: 'notice',
		default: '',
		displayOptions: { show: { operation: CREATING }, hide },
	};
}

/** Hides for anything else, an expression without a value included. */
const unless = (value: number | boolean) => [{ _cnd: { not: value } }];

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
				{ duration: unless(duration), sound: unless(sound) },
			),
		),
		notice(
			`credits${duration}`,
			`The price of each video depends on its sound. Estimated credits: ${prices(duration)}.`,
			{ duration: unless(duration), sound: SOUND_CHOICES },
		),
	]),
	notice(
		'creditsByDuration',
		`The price of each video depends on its duration and sound. Estimated credits: ${DURATIONS_SECONDS.map(prices).join('; ')}.`,
		{ duration: [...DURATIONS_SECONDS] },
	),
];

const { silent, sound } = CREDITS_PER_SECOND;

const NAMES =
	'{ create: "Create", createAndWait: "Create & Wait", getTask: "Get Task", wait: "Wait", getCredits: "Get Credits" }[$parameter["operation"]]';

const CREDITS = `$parameter["duration"] * ($parameter["sound"] ? ${sound} : ${silent})`;

const PRICE = `": " + $parameter["duration"] + " s" + ($parameter["sound"] ? " ♪" : "") + ", ~" + ${CREDITS} + " cr"`;

const HAS_PRICE =
	'["create", "createAndWait"].includes($parameter["operation"]) && $parameter["duration"] > 0 && [true, false].includes($parameter["sound"])';

/**
 * The line below the node on the canvas: the operation, and before anything is spent also what a
 * video will cost. Expressions without a value yet leave the price out.
 *
 * The canvas has room for some thirty letters and cuts off the rest, which would be the price.
 */
export const SUBTITLE = `={{ ${NAMES} + (${HAS_PRICE} ? ${PRICE} : "") }}`;
