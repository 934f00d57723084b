import { Failure, type Settled } from '../../../nodes/Kling/api/failure';
import { readCallback, readReference } from '../../../nodes/Kling/parameters/callback';
import { readImageSettings } from '../../../nodes/Kling/parameters/images';
import { readResult } from '../../../nodes/Kling/parameters/result';
import type { Settings } from '../../../nodes/Kling/parameters/settings';
import { readDryRun, readSpending } from '../../../nodes/Kling/parameters/spending';
import { readTaskId } from '../../../nodes/Kling/parameters/taskId';
import { readTriggerSettings } from '../../../nodes/Kling/parameters/trigger';
import { readVideo } from '../../../nodes/Kling/parameters/video';
import { readThrowOnFailure, readWait } from '../../../nodes/Kling/parameters/waiting';

/**
 * What each parameter of both nodes makes of each odd value that an expression can give: a value, or
 * a refusal in these words.
 */

/** A reference to a file, as `{{ $binary.data }}` gives it. */
export const FILE = { mimeType: 'image/png', id: 'filesystem-v2:one', data: 'filesystem-v2' };

/** The odd values, by what they are. */
export const ODD_VALUES = {
	'the text true': 'true',
	'the text TRUE in blanks': ' TRUE ',
	'the text False and a line break': 'False\n',
	'a number as text': '5',
	'a number': 7,
	'a text and a line break': 'word\n',
	null: null,
	undefined: undefined,
	'a list': ['one'],
	'a list in a list': [['one'], ['two']],
	'an object': { scene: 'a cat' },
	'a file': FILE,
	'an object in a text': '[object Object]\n',
	'an empty text': '',
	blanks: ' \n',
};

export type OddName = keyof typeof ODD_VALUES;

/** A cell: the value that comes out, or the words of the refusal. */
export type Cell = { value: unknown } | { refusal: string };

export type Row = Record<OddName, Cell>;

const is = (value: unknown): Cell => ({ value });
const no = (refusal: string): Cell => ({ refusal });

/** A parameter that takes none of the odd values but those given; `not` says what the others are. */
function refusing(not: (what: string) => Cell, taken: Partial<Row> = {}): Row {
	return {
		'the text true': not('“true”'),
		'the text TRUE in blanks': not('“TRUE”'),
		'the text False and a line break': not('“False”'),
		'a number as text': not('“5”'),
		'a number': not('7'),
		'a text and a line break': not('“word”'),
		null: no('was set and has no value (null)'),
		undefined: no('was set and has no value (undefined)'),
		'a list': not('a list'),
		'a list in a list': not('a list'),
		'an object': not('an object'),
		'a file': not('a file'),
		'an object in a text': not('an object that was turned into text'),
		'an empty text': not('empty'),
		blanks: not('empty'),
		...taken,
	};
}

const oneOf = (none: string, taken?: Partial<Row>) =>
	refusing((what) => no(`is ${what}, which is ${none}`), taken);

const boolean = oneOf('neither true nor false', {
	'the text true': is(true),
	'the text TRUE in blanks': is(true),
	'the text False and a line break': is(false),
});

/** @param toValue what becomes of a number: another unit, for example */
const number = (range: string, toValue: (number: number) => unknown = (number) => number) =>
	refusing((what) => no(`is ${what}, not a number ${range}`), {
		'a number as text': is(toValue(5)),
		'a number': is(toValue(7)),
	});

const EMPTY = {
	null: no('is empty'),
	undefined: no('is empty'),
	'an empty text': no('is empty'),
	blanks: no('is empty'),
};

/** A text: none of these is one, and `not` says what the texts among the odd values are not. */
const text = (not: (what: string) => Cell, taken: Partial<Row> = {}) =>
	refusing((what) => (what.startsWith('“') ? not(what) : no(`is ${what}, not text`)), {
		'a number': not('“7”'),
		'an object in a text': no('holds an object that was turned into text'),
		...EMPTY,
		...taken,
	});

/** A text of which none of the odd values is one. */
const special = (what: string) => text((value) => no(`is ${value}, not ${what}`));

/** A text that is taken without the blanks around it; `empty` is what it makes of none. */
const trimmedText = (empty: Cell) =>
	text((value) => is(value.slice(1, -1)), { 'an empty text': empty, blanks: empty });

const prompt = text((value) => is(value.slice(1, -1)), {
	'the text TRUE in blanks': is(' TRUE '),
	'the text False and a line break': is('False\n'),
	'a text and a line break': is('word\n'),
});

const addresses = refusing((what) => no(`is ${what}, not an http(s) address`), {
	'a list': no('is “one”, not an http(s) address'),
	'a list in a list': no('is “one”, not an http(s) address'),
	...EMPTY,
});

const binaryFields = refusing((what) => is([what.slice(1, -1)]), {
	'a number': is(['7']),
	'a list': is(['one']),
	'a list in a list': is(['one', 'two']),
	'an object': no('is an object, not text'),
	'a file': is([FILE]),
	'an object in a text': no('is an object that was turned into text'),
	...EMPTY,
});

const NO_EVENT = 'neither completed nor failed';

const events = oneOf(NO_EVENT, {
	'a list': no(`is “one”, which is ${NO_EVENT}`),
	'a list in a list': no(`is “one”, which is ${NO_EVENT}`),
	'an empty text': no('is empty'),
	blanks: no('is empty'),
});

const duration = oneOf('neither 5 nor 10', { 'a number as text': is(5) });

/** Where a parameter stands, and what must be set for it to count. */
export interface ParameterRow {
	/** The parameter's name in the panel. */
	label: string;
	/** Whether it is an entry of Options. */
	isOption?: true;
	/** The operation that has it, and other parameters that it depends on; none for the trigger. */
	operation?: string;
	beside?: Record<string, string | boolean>;
	read: (settings: Settings) => unknown;
	cells: Row;
}

const IMAGE = 'https://example.com/cat.jpg';
const PROMPT = { prompt: 'A cat turns its head' };
const CREATE = { operation: 'create' };
const WAIT = { operation: 'wait' };
const GET = { operation: 'getTask' };
const OPTION = { isOption: true } as const;

const FIELD_OR_DEFAULT = trimmedText(is('data'));

/** One of the values that are read together. */
function oneOfThem<T, K extends keyof T>(read: Settled<T>, key: K): Settled<T[K]> {
	return read instanceof Failure ? read : read[key];
}

const video = (key: 'prompt' | 'duration' | 'sound') => (settings: Settings) =>
	oneOfThem(readVideo(settings), key);

const images = (key: 'source' | 'urls' | 'fields' | 'checked') => (settings: Settings) =>
	oneOfThem<Record<string, unknown>, string>(readImageSettings(settings), key);

const result = (key: 'simplify' | 'downloadField') => (settings: Settings) =>
	oneOfThem(readResult(settings), key);

const spending = (key: 'maxCredits' | 'checkBalance' | 'concurrency') => (settings: Settings) =>
	oneOfThem(readSpending(settings), key);

const waiting = (key: 'strategy' | 'timeoutMs' | 'intervalMs') => (settings: Settings) =>
	oneOfThem(readWait(settings, false), key);

const trigger = (key: 'events' | 'verifyTask' | 'deduplicate') => (settings: Settings) =>
	oneOfThem(readTriggerSettings(settings), key);

const triggerResult = (key: 'simplify' | 'downloadField') => (settings: Settings) =>
	oneOfThem(oneOfThem(readTriggerSettings(settings), 'result'), key);

const isSet = (read: (settings: Settings) => unknown) => (settings: Settings) => {
	const value = read(settings);
	return value instanceof Failure ? value : value !== null;
};

/** Every parameter of the Kling node that an expression can set, by its name. */
export const KLING_TABLE: Record<string, ParameterRow> = {
	prompt: { label: 'Prompt', ...CREATE, read: video('prompt'), cells: prompt },
	imageSource: {
		label: 'Image Source',
		...CREATE,
		beside: { imageUrls: IMAGE },
		read: images('source'),
		cells: oneOf('neither url nor binary'),
	},
	binaryPropertyName: {
		label: 'Input Data Field Name',
		...CREATE,
		beside: { imageSource: 'binary' },
		read: images('fields'),
		cells: binaryFields,
	},
	imageUrls: { label: 'Image URLs', ...CREATE, read: images('urls'), cells: addresses },
	duration: {
		label: 'Duration',
		...CREATE,
		beside: PROMPT,
		read: video('duration'),
		cells: duration,
	},
	sound: { label: 'Sound', ...CREATE, beside: PROMPT, read: video('sound'), cells: boolean },
	callback: {
		label: 'Callback',
		...CREATE,
		read: (settings) => oneOfThem(readCallback(settings), 'kind'),
		cells: oneOf('none of its choices'),
	},
	callbackUrl: {
		label: 'Callback URL',
		...CREATE,
		beside: { callback: 'url' },
		read: readCallback,
		cells: special('an http(s) address'),
	},
	taskId: { label: 'Task ID', ...GET, read: readTaskId, cells: special('a task ID') },
	waitStrategy: {
		label: 'Wait Strategy',
		...WAIT,
		read: waiting('strategy'),
		cells: oneOf('none of its choices'),
	},
	timeout: {
		label: 'Timeout (Minutes)',
		...WAIT,
		read: waiting('timeoutMs'),
		cells: number('from 0 to 43200', (minutes) => minutes * 60_000),
	},
	simplify: {
		label: 'Simplify',
		...GET,
		read: result('simplify'),
		cells: boolean,
	},
	checkBalance: {
		label: 'Check Balance',
		...CREATE,
		...OPTION,
		read: spending('checkBalance'),
		cells: boolean,
	},
	checkImages: {
		label: 'Check Images',
		...CREATE,
		...OPTION,
		beside: { imageUrls: IMAGE },
		read: images('checked'),
		cells: boolean,
	},
	concurrency: {
		label: 'Concurrency',
		...CREATE,
		...OPTION,
		read: spending('concurrency'),
		cells: number('from 1 to 50'),
	},
	downloadVideo: {
		label: 'Download Video',
		...GET,
		read: isSet(result('downloadField')),
		cells: boolean,
	},
	dryRun: { label: 'Dry Run', ...CREATE, ...OPTION, read: readDryRun, cells: boolean },
	maxCredits: {
		label: 'Max Credits',
		...CREATE,
		...OPTION,
		read: spending('maxCredits'),
		cells: number('of at least 0'),
	},
	pollInterval: {
		label: 'Poll Interval (Seconds)',
		...WAIT,
		...OPTION,
		read: waiting('intervalMs'),
		cells: number('from 0 to 2592000', (seconds) => seconds * 1_000),
	},
	outputBinaryField: {
		label: 'Put Output File in Field',
		...GET,
		beside: { downloadVideo: true },
		read: result('downloadField'),
		cells: FIELD_OR_DEFAULT,
	},
	reference: {
		label: 'Reference',
		...CREATE,
		...OPTION,
		read: readReference,
		cells: trimmedText(is(null)),
	},
	throwOnFailure: {
		label: 'Stop on Failed Video',
		...GET,
		...OPTION,
		read: readThrowOnFailure,
		cells: boolean,
	},
};

/** Every parameter of the Kling Trigger, by its name. */
export const TRIGGER_TABLE: Record<string, ParameterRow> = {
	events: {
		label: 'Trigger On',
		read: trigger('events'),
		cells: events,
	},
	simplify: {
		label: 'Simplify',
		read: triggerResult('simplify'),
		cells: boolean,
	},
	deduplicate: {
		label: 'Once per Video',
		...OPTION,
		read: trigger('deduplicate'),
		cells: boolean,
	},
	verifyTask: {
		label: 'Verify Task',
		...OPTION,
		read: trigger('verifyTask'),
		cells: boolean,
	},
	downloadVideo: {
		label: 'Download Video',
		read: isSet(triggerResult('downloadField')),
		cells: boolean,
	},
	outputBinaryField: {
		label: 'Put Output File in Field',
		beside: { downloadVideo: true },
		read: triggerResult('downloadField'),
		cells: FIELD_OR_DEFAULT,
	},
};
