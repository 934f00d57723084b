import type { INodeProperties, NodeHint } from 'n8n-workflow';

import { CREDITS_PER_SECOND, DURATIONS_SECONDS } from '../api/pricing';
import { callbackUrlField } from './callback';
import { binaryField, urlsField } from './images';
import { CREATING, OPERATIONS, WAITING } from './operation';
import { outputBinaryField } from './result';
import { taskIdField } from './taskId';
import { promptField } from './video';

// The editor works these texts out with parameters as they were typed, expressions as texts that begin
// with “=”: one that cannot be evaluated yet would take the whole text with it (n8n).
const typed = (name: string) => `$rawParameter[${JSON.stringify(name)}]`;
const option = (name: string) => `(${typed('options')} ?? {})[${JSON.stringify(name)}]`;
const word = (value: string) => `String(${value} ?? "").trim().toLowerCase()`;

const { silent, sound } = CREDITS_PER_SECOND;

const SHORT_NAMES = Object.fromEntries(
	OPERATIONS.map(({ name, value }) => [String(value), name.replace('Video and', '&')]),
);

const NAME = `(${JSON.stringify(SHORT_NAMES)})[$parameter["operation"]]`;
const IS_CREATING = `${JSON.stringify(CREATING)}.includes($parameter["operation"])`;
const SECONDS = `Number(${typed('duration')})`;
const HAS_PRICE = `${JSON.stringify(DURATIONS_SECONDS)}.includes(${SECONDS}) && ["true", "false"].includes(${word(typed('sound'))})`;
const CREDITS = `${SECONDS} * (${word(typed('sound'))} === "true" ? ${sound} : ${silent})`;
const LIMIT = `Number(${option('maxCredits')})`;
const AMOUNTS = `[${HAS_PRICE} ? "~" + ${CREDITS} : "", ${LIMIT} > 0 ? "≤ " + ${LIMIT} : ""].filter(Boolean)`;
const IS_DRY_RUN = `${word(option('dryRun'))} === "true"`;

/**
 * The line below the node on the canvas, so that it is seen when n8n loses the options that guard the money.
 * There is room for some thirty letters: with price and limit the word “credits” may be cut.
 */
export const SUBTITLE = `={{ ${NAME} + (!(${IS_CREATING}) ? "" : ${IS_DRY_RUN} ? ": dry run" : ${AMOUNTS}.length > 0 ? ": " + ${AMOUNTS}.join(", ") + " credits" : "") }}`;

const TEXT_FIELDS = [
	promptField,
	urlsField,
	binaryField,
	callbackUrlField,
	taskIdField,
	outputBinaryField,
];

/** Said as soon as it is typed; the readers refuse it too. Braces would end an expression (n8n). */
function bracesHint({ name, displayName }: INodeProperties): NodeHint {
	return {
		message: `${displayName} holds {{ }}, which n8n passes on as plain text. Switch the field to Expression, so that n8n puts in the value.`,
		type: 'warning',
		location: 'ndv',
		displayCondition: `={{ /^(?!=)[^]*\\u007b\\u007b[^]*\\u007d\\u007d/.test(${word(typed(name))}) }}`,
	};
}

export const HINTS: NodeHint[] = [
	...TEXT_FIELDS.map(bracesHint),
	{
		// Not for tools, which alone have a type of description.
		message:
			'Most videos take 1 to 15 minutes. You can leave this page meanwhile: n8n goes on without it. If you stop the execution, the video is made all the same: its task ID is in the log of n8n, and Get Video takes it.',
		type: 'info',
		location: 'outputPane',
		whenToDisplay: 'beforeExecution',
		displayCondition: `={{ ${JSON.stringify(WAITING)}.includes($parameter["operation"]) && $rawParameter["descriptionType"] === undefined }}`,
	},
];

const MINUTES = `(${word(typed('timeout'))}.startsWith("=") ? "" : ", for at most " + ${typed('timeout')} + " minutes")`;

/** In the place of the output, while the node sleeps. */
export const WAITING_TOOLTIP = `={{ "Waiting for the AI Video API to report that the video is ready. The workflow sleeps until then" + ${MINUTES} + ", and goes on by itself." }}`;
