import fc from 'fast-check';

import { Failure, Refusal } from '../../nodes/Kling/api/failure';
import { readImageSettings } from '../../nodes/Kling/parameters/images';
import { toNumber } from '../../nodes/Kling/parameters/readers';
import { collect, Settings } from '../../nodes/Kling/parameters/settings';
import { readSpending } from '../../nodes/Kling/parameters/spending';
import { readTaskId } from '../../nodes/Kling/parameters/taskId';
import { readVideo } from '../../nodes/Kling/parameters/video';
import { settings, TASK_ID } from '../harness/node/builders';

const promptOf = (prompt: unknown) => {
	const video = readVideo(settings({ prompt }));
	return video instanceof Failure ? video : video.prompt;
};
const taskIdOf = (taskId: unknown) => readTaskId(settings({ taskId }));
const imageUrlsOf = (imageUrls: unknown) => {
	const images = readImageSettings(settings({ imageSource: 'url', imageUrls }));
	return 'urls' in images ? images.urls : images;
};

const ONE = 'https://example.com/one.jpg';
const TWO = 'https://example.com/two.png?size=large';

/** A refusal that names the parameter. */
const refused = (parameter: string, words = '') => ({
	message: expect.stringMatching(new RegExp(`^'${parameter}' ${words}`)),
});

describe('the prompt', () => {
	test('that shows nothing is empty', () => {
		expect(promptOf('\u200b \ufeff\u00ad\n')).toMatchObject(refused('Prompt', 'is empty'));
	});

	test('is sent exactly as it was written, spaces and line breaks included', () => {
		expect(promptOf('  A cat\n turns  ')).toBe('  A cat\n turns  ');
	});

	test('of more than 2,500 characters is refused, naming both numbers', () => {
		expect(promptOf('🎬'.repeat(2_500))).toBe('🎬'.repeat(2_500));
		expect(promptOf('字'.repeat(2_501))).toMatchObject(refused('Prompt', '.*2501.*2500'));
	});

	test('is measured in code points, whatever it is made of', () => {
		const codePoint = fc.constantFrom('a', '字', '🎬', 'é', '\u{1F469}', '\u200d');
		fc.assert(
			fc.property(
				fc.array(codePoint, { maxLength: 60 }).map((characters) => ['a', ...characters]),
				fc.integer({ min: 2_440, max: 2_560 }),
				(characters, length) => {
					const prompt = Array.from(
						{ length },
						(_, index) => characters[index % characters.length] ?? 'a',
					).join('');
					expect(promptOf(prompt) === prompt).toBe(length <= 2_500);
				},
			),
		);
	});
});

describe('the image URLs', () => {
	test.each<[string, unknown, string[]]>([
		['one URL', ONE, [ONE]],
		['a URL with spaces around', `  ${ONE}\n`, [ONE]],
		['several with spaces between', `${ONE} ${TWO}`, [ONE, TWO]],
		['several on lines of their own', `${ONE}\n${TWO}`, [ONE, TWO]],
		['several on Windows lines', `${ONE}\r\n\r\n${TWO}\r\n`, [ONE, TWO]],
		['several with tabs between', `${ONE}\t\t${TWO}`, [ONE, TWO]],
		['an array of texts with several URLs each', [`${ONE} ${TWO}`, ONE], [ONE, TWO, ONE]],
		['an array with gaps', [null, ONE, undefined, ''], [ONE]],
		['a host name in capitals', 'HTTPS://EXAMPLE.COM/A.JPG', ['HTTPS://EXAMPLE.COM/A.JPG']],
		['http without s', 'http://example.com/a.jpg', ['http://example.com/a.jpg']],
		['the same URL twice', `${ONE} ${ONE}`, [ONE, ONE]],
	])('%s: all of them, in order', (_, value, expected) => {
		expect(imageUrlsOf(value)).toEqual(expected);
	});

	test.each<[unknown]>([[[]], ['[]'], [[[], [null, '']]]])('%j is empty', (value) => {
		expect(imageUrlsOf(value)).toMatchObject(refused('Image URLs', 'is empty'));
	});

	test.each([
		['ftp', 'ftp://example.com/a.jpg'],
		['a file address', 'file:///etc/passwd'],
		['embedded data', 'data:image/png;base64,AAAA'],
		['an address without a scheme', 'example.com/a.jpg'],
		['a scheme alone', 'https://'],
		['a port that is none', 'https://example.com:port/a.jpg'],
		['a bad address among good ones', `${ONE} nonsense ${TWO}`],
		['a number in an array', [ONE, 42]],
		['an object', { link: ONE }],
		['an object that hides its text', { toString: 1 }],
	])('%s: refused as no http(s) address', (_, value) => {
		expect(imageUrlsOf(value)).toMatchObject(refused('Image URLs'));
	});

	test('come out the same however deep they are nested', () => {
		const url = fc.webUrl();
		const nested = fc.letrec<{ node: unknown; list: unknown[] }>((tie) => ({
			node: fc.oneof({ maxDepth: 4 }, url, tie('list')),
			list: fc.array(tie('node'), { minLength: 1, maxLength: 4 }),
		}));
		fc.assert(
			fc.property(nested.list, (value) => {
				const flat = value.flat(Infinity);
				fc.pre(flat.length > 0);
				expect(imageUrlsOf(value)).toEqual(flat);
			}),
		);
	});
});

describe('the task ID', () => {
	test.each([
		'undefined',
		'abc',
		'../credits',
		`${TASK_ID}/..`,
		`${TASK_ID}0`,
		TASK_ID.replace('-', ''),
		[TASK_ID, TASK_ID],
	])('%p is refused as no task ID', (value) => {
		expect(taskIdOf(value)).toMatchObject(refused('Task ID'));
	});
});

describe('a number in a range', () => {
	const range = { min: 1, max: 50 };

	test.each([
		[1, 1],
		[50, 50],
		['7', 7],
		[' 7.5 ', 7.5],
	])('%p is %d', (value, number) => {
		expect(toNumber(value, range)).toBe(number);
	});

	test.each([0, 51, NaN, Infinity, true])('%p is refused, naming the range', (value) => {
		const refusal = toNumber(value, range);
		expect(refusal).toBeInstanceOf(Refusal);
		expect(refusal).toMatchObject({ message: expect.stringMatching(/from 1 to 50|no value/) });
	});
});

describe('what is wrong with one item', () => {
	test('is all named at once, in the order of the panel', () => {
		const bad = settings({ prompt: '', duration: 7, sound: 'loud', imageUrls: 'cat.jpg' });
		const read = collect({ video: readVideo(bad), images: readImageSettings(bad) });
		expect(read).toMatchObject({
			message:
				"'Prompt' is empty; 'Duration' is 7, which is neither 5 nor 10; 'Sound' is “loud”, which is neither true nor false; 'Image URLs' is “cat.jpg”, not an http(s) address",
			hint: "'Prompt': Describe what should happen in the video. 'Duration': Choose one of: 5, 10. 'Sound': Choose one of: true, false. 'Image URLs': Give the full address of each image, starting with https://.",
		});
	});
});

describe('braces in a field that is no expression', () => {
	const typed = (parameters: Record<string, unknown>, options: Record<string, unknown> = {}) =>
		settings(parameters, options, { ...parameters, options });

	test('in several fields are told of with one way out for all of them', () => {
		const bad = typed({ prompt: '{{ $json.text }}', imageUrls: '{{ $json.image }}' });
		expect(collect({ video: readVideo(bad), images: readImageSettings(bad) })).toMatchObject({
			hint: "'Prompt', 'Image URLs': Switch the field to Expression, so that n8n puts in the value.",
		});
	});

	test.each<[string, Record<string, unknown>]>([
		['Image URLs', { imageUrls: [ONE, 'https://example.com/{{$json.id}}.jpg'] }],
		['Input Data Field Name', { imageSource: 'binary', binaryPropertyName: '{{ $json.field }}' }],
	])('are refused in %s: %j', (parameter, parameters) => {
		expect(readImageSettings(typed(parameters))).toMatchObject(refused(parameter, 'holds “{{'));
	});

	test('are refused in Task ID', () => {
		const taskId = readTaskId(typed({ taskId: '{{ $json.taskId }}' }));
		expect(taskId).toMatchObject(refused('Task ID', 'holds “{{'));
	});

	test('are text where an expression gives them, or where they do not close', () => {
		const prompt = 'A shop sign that says {{ open }}';
		const given = settings({ prompt }, {}, { prompt: '={{ $json.text }}' });
		expect(readVideo(given)).toMatchObject({ prompt });
		expect(readVideo(typed({ prompt: 'A smile :-{{' }))).toMatchObject({ prompt: 'A smile :-{{' });
	});
});

describe('an expression that cannot be evaluated', () => {
	const error = new Error('Referenced node doesn’t exist');
	const failing = (name: string) =>
		new Settings((asked, fallback, asTyped) => {
			if (asTyped) return undefined;
			if (asked === name) throw error;
			return fallback;
		});

	test('is named with the words of n8n', () => {
		const message = "'Task ID' cannot be evaluated: Referenced node doesn’t exist";
		expect(readTaskId(failing('taskId'))).toMatchObject({ message, error });
		// All options are evaluated together.
		const ofOptions = "'Options' cannot be evaluated: Referenced node doesn’t exist";
		expect(readSpending(failing('options'))).toMatchObject({ message: ofOptions });
	});

	test('is named beside what else is wrong', () => {
		expect(readVideo(failing('duration'))).toMatchObject({
			message: "'Prompt' is empty; 'Duration' cannot be evaluated: Referenced node doesn’t exist",
		});
	});
});
