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

/** None of the odd values is a task ID, but any word may be a workflow's. */
const taskId = text((value) => no(`is ${value}, not a task ID`));
const callbackUrl = text((value) =>
	is({ kind: 'workflow', workflowId: value.slice(1, -1), editorUrl: null }),
);

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

const pollInterval = number('from 0 to 2592000', (seconds) => seconds * 1_000);
const timeout = number('from 0 to 43200', (minutes) => minutes * 60_000);

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

const FIELD_OR_DEFAULT = trimmedText(is('data'));

/** One of the values that are read together. */
function oneOfThem<T, K extends keyof T>(read: Settled<T>, key: K): Settled<T[K]> {
	return read instanceof Failure ? read : read[key];
}

/** What reads one of the values that are read together. */
const part =
	<T>(read: (settings: Settings) => Settled<T>) =>
	(key: keyof T) =>
	(settings: Settings): unknown =>
		oneOfThem(read(settings), key);

const video = part(readVideo);
const images = part<Record<string, unknown>>(readImageSettings);
const result = part(readResult);
const spending = part(readSpending);
const waiting = part((settings) => readWait(settings, false));
const trigger = part(readTriggerSettings);
const triggerResult = part((settings) => oneOfThem(readTriggerSettings(settings), 'result'));

const isSet = (read: (settings: Settings) => unknown) => (settings: Settings) => {
	const value = read(settings);
	return value instanceof Failure ? value : value !== null;
};

/** Parameters of one operation of the Kling node, or of the trigger, which has none. */
const fieldOf =
	(operation?: string) =>
	(
		label: string,
		read: ParameterRow['read'],
		cells: Row,
		beside?: ParameterRow['beside'],
	): ParameterRow => ({ label, operation, beside, read, cells });

const create = fieldOf('create');
const wait = fieldOf('wait');
const get = fieldOf('getTask');

const asOption = (row: ParameterRow): ParameterRow => ({ ...row, isOption: true });

const IMAGE = { imageUrls: 'https://example.com/cat.jpg' };
const PROMPT = { prompt: 'A cat turns its head' };
const FILES = { imageSource: 'binary' };
const DOWNLOADING = { downloadVideo: true };

/** Every parameter of the Kling node that an expression can set, by its name. */
export const KLING_TABLE: Record<string, ParameterRow> = {
	prompt: create('Prompt', video('prompt'), prompt),
	imageSource: create('Image Source', images('source'), oneOf('neither url nor binary'), IMAGE),
	binaryPropertyName: create('Input Data Field Name', images('fields'), binaryFields, FILES),
	imageUrls: create('Image URLs', images('urls'), addresses),
	duration: create('Duration', video('duration'), duration, PROMPT),
	sound: create('Sound', video('sound'), boolean, PROMPT),
	callback: create(
		'Callback',
		(settings) => oneOfThem(readCallback(settings), 'kind'),
		oneOf('none of its choices'),
	),
	callbackUrl: create('Callback URL', readCallback, callbackUrl, { callback: 'url' }),
	taskId: get('Task ID', readTaskId, taskId),
	waitStrategy: wait('Wait Strategy', waiting('strategy'), oneOf('none of its choices')),
	timeout: wait('Timeout (Minutes)', waiting('timeoutMs'), timeout),
	simplify: get('Simplify', result('simplify'), boolean),
	checkBalance: asOption(create('Check Balance', spending('checkBalance'), boolean)),
	checkImages: asOption(create('Check Images', spending('checkImages'), boolean)),
	concurrency: asOption(create('Concurrency', spending('concurrency'), number('from 1 to 50'))),
	downloadVideo: get('Download Video', isSet(result('downloadField')), boolean),
	dryRun: asOption(create('Dry Run', readDryRun, boolean)),
	maxCredits: asOption(create('Max Credits', spending('maxCredits'), number('of at least 0'))),
	pollInterval: asOption(wait('Poll Interval (Seconds)', waiting('intervalMs'), pollInterval)),
	outputBinaryField: get(
		'Put Output File in Field',
		result('downloadField'),
		FIELD_OR_DEFAULT,
		DOWNLOADING,
	),
	reference: asOption(create('Reference', readReference, trimmedText(is(null)))),
	throwOnFailure: asOption(get('Stop on Failed Video', readThrowOnFailure, boolean)),
};

const onTrigger = fieldOf();

/** Every parameter of the Kling Trigger, by its name. */
export const TRIGGER_TABLE: Record<string, ParameterRow> = {
	events: onTrigger('Trigger On', trigger('events'), events),
	simplify: onTrigger('Simplify', triggerResult('simplify'), boolean),
	deduplicate: asOption(onTrigger('Once per Video', trigger('deduplicate'), boolean)),
	verifyTask: asOption(onTrigger('Verify Task', trigger('verifyTask'), boolean)),
	downloadVideo: onTrigger('Download Video', isSet(triggerResult('downloadField')), boolean),
	outputBinaryField: onTrigger(
		'Put Output File in Field',
		triggerResult('downloadField'),
		FIELD_OR_DEFAULT,
		DOWNLOADING,
	),
};
