import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { TestCredentialsHelper } from '../harness/node/credentials';
import { TASK_ID } from '../harness/node/builders';
import { useKling } from '../harness/node/kling';
import { apiErrorOf, operationErrorOf } from '../harness/node/errors';
import { everythingShown } from '../harness/node/runKling';
import { createTask } from '../harness/node/tasks';

const { emulator, create, readEach, finishedTask } = useKling();

/** What an item can hold. */
type Value = IDataObject[string];

const ONE = 'https://cdn.example.com/one.png';
const TWO = 'https://cdn.example.com/two.png';

/** What the dry run of a create would send. */
async function requestOf(parameters: INodeParameters, item: IDataObject = {}) {
	const { json, error } = await create(
		{ ...parameters, options: { dryRun: true } },
		{ items: [item] },
	);
	expect(error).toBeNull();
	expect(emulator.current.count({ route: 'create' })).toBe(0);
	return json[0]?.['request'];
}

async function refusalOf(parameters: INodeParameters, item: IDataObject = {}) {
	const refusal = operationErrorOf(await create(parameters, { items: [item] }));
	expect(emulator.current.count()).toBe(0);
	return refusal;
}

describe('Image URLs', () => {
	test.each<[string, string, Value, string[]]>([
		['an array and a line break behind', '={{ $json.value }}\n', [ONE, TWO], [ONE, TWO]],
		['a comma between', '={{ $json.value }}', `${ONE},${TWO}`, [ONE, TWO]],
		['a semicolon between', '={{ $json.value }}', `${ONE};${TWO}`, [ONE, TWO]],
		['a comma at the end', '={{ $json.value }}', `${ONE}, ${TWO},`, [ONE, TWO]],
		['a comma within an address', '={{ $json.value }}', `${ONE}?s=1,2;3`, [`${ONE}?s=1,2;3`]],
		['a JSON array as text', '={{ $json.value }}', JSON.stringify([[ONE], [TWO]]), [ONE, TWO]],
		['attachments of a table', '={{ $json.value }}', [{ url: ONE }, { url: TWO }], [ONE, TWO]],
		['a blank without width', '={{ $json.value }}', `\u200b${ONE}\u200b`, [ONE]],
		['attachments as JSON', '={{ $json.value }}', JSON.stringify([{ url: ONE }]), [ONE]],
		[
			'a blank in an entry of an array',
			'={{ $json.value }}',
			['https://cdn.example.com/My Photo.jpg'],
			['https://cdn.example.com/My%20Photo.jpg'],
		],
	])('%s', async (_, imageUrls, value, expected) => {
		const request = await requestOf({ imageUrls }, { value });
		expect(request).toMatchObject({ input: { image_urls: expected } });
	});

	test.each<[string, Value, RegExp, RegExp]>([
		[
			'a blank in a text',
			'https://cdn.example.com/My Photo.jpg',
			/^'Image URLs' holds an address with a blank in it: “https:\/\/cdn.example.com\/My Photo.jpg” \[item 0\]$/,
			/%20/,
		],
		['objects without an address', [{ id: 7 }], /^'Image URLs' is an object, not/, /Choose/],
		[
			'a share page of Google Drive',
			'https://drive.google.com/file/d/1AbC-d_E/view?usp=sharing',
			/a page that shows a file/,
			/https:\/\/drive\.google\.com\/uc\?export=download&id=1AbC-d_E/,
		],
		[
			'an older share page of Google Drive',
			'https://drive.google.com/open?id=1AbC-d_E',
			/a page that shows a file/,
			/id=1AbC-d_E/,
		],
		[
			'a share page of Dropbox',
			'https://www.dropbox.com/scl/fi/ab/cat.jpg?rlkey=cd&dl=0',
			/a page that shows a file/,
			/https:\/\/www\.dropbox\.com\/scl\/fi\/ab\/cat\.jpg\?rlkey=cd&raw=1/,
		],
		[
			'a shared folder of Dropbox',
			'https://www.dropbox.com/sh/ab/cd?dl=1',
			/a page that shows a file/,
			/no address of its own there: download it first/,
		],
	])('%s is refused', async (_, value, message, description) => {
		const refusal = await refusalOf({ imageUrls: '={{ $json.value }}' }, { value });
		expect(refusal.message).toMatch(message);
		expect(refusal.description).toMatch(description);
	});

	test.each([
		[
			'https://github.com/o/r/blob/main/a/cat.jpg',
			'https://raw.githubusercontent.com/o/r/main/a/cat.jpg',
		],
		[
			'https://gitlab.example.com/g/p/-/blob/main/cat.jpg',
			'https://gitlab.example.com/g/p/-/raw/main/cat.jpg',
		],
		['https://bitbucket.org/o/r/src/main/cat.jpg', 'https://bitbucket.org/o/r/raw/main/cat.jpg'],
		[
			'https://codeberg.org/o/r/src/branch/main/cat.jpg',
			'https://codeberg.org/o/r/raw/branch/main/cat.jpg',
		],
		[
			'https://huggingface.co/o/r/blob/main/cat.png',
			'https://huggingface.co/o/r/resolve/main/cat.png',
		],
		[
			'https://acme-my.sharepoint.com/:i:/g/personal/me/Eab?e=x',
			'https://acme-my.sharepoint.com/:i:/g/personal/me/Eab?e=x&download=1',
		],
		['https://1drv.ms/i/s!Ab', 'download it first with the node of that service'],
		['https://onedrive.live.com/?id=1&cid=2', 'download it first with the node of that service'],
		['https://photos.app.goo.gl/Ab', 'download it first with the node of that service'],
		['https://photos.google.com/share/Ab', 'download it first with the node of that service'],
	])('the page %s is refused with what to use instead', async (imageUrls, instead) => {
		const refusal = await refusalOf({ imageUrls });
		expect(refusal.message).toContain('which is a page that shows a file, not the file itself');
		expect(refusal.description).toContain(instead);
	});

	test.each([
		'https://drive.google.com/uc?export=download&id=1AbC-d_E',
		'https://www.dropbox.com/scl/fi/ab/cat.jpg?rlkey=cd&raw=1',
		'https://www.dropbox.com/s/ab/cat.jpg?dl=1',
		'https://github.com/o/r/blob/main/cat.jpg?raw=true',
		'https://github.com/o/r/raw/main/cat.jpg',
		'https://acme.sharepoint.com/:i:/s/x/Eab?download=1',
		'https://acme.sharepoint.com/sites/x/cat.jpg',
	])('the direct address %s is taken', async (imageUrls) => {
		expect(await requestOf({ imageUrls })).toMatchObject({ input: { image_urls: [imageUrls] } });
	});

	test('an address copied out of a feed is the one that was meant', async () => {
		const value =
			'https://cdn.example.com/a.jpg?w=1&amp;s=x https://cdn.example.com/b.jpg?h=2&amp;t=y';
		expect(await requestOf({ imageUrls: '={{ $json.value }}' }, { value })).toMatchObject({
			input: {
				image_urls: [
					'https://cdn.example.com/a.jpg?w=1&s=x',
					'https://cdn.example.com/b.jpg?h=2&t=y',
				],
			},
		});
	});
});

describe('braces in a field that is no expression', () => {
	test.each<[string, INodeParameters]>([
		['Prompt', { prompt: 'A cat in {{ $json.city }}' }],
		['Image URLs', { imageUrls: 'https://example.com/{{$json.id}}.jpg' }],
		['Callback URL', { callback: 'url', callbackUrl: 'https://example.com/{{$json.id}}' }],
		['Reference', { options: { reference: '{{ $json.row }}' } }],
	])('are refused in %s before anything is sent, with the way out', async (parameter, typed) => {
		const refusal = await refusalOf(typed);
		expect(refusal.message).toMatch(
			new RegExp(`^'${parameter}' holds “{{ ?\\$json.\\w+ ?}}” as plain text \\[item 0\\]$`),
		);
		expect(refusal.description).toMatch(
			/Nothing was spent in this run\. Switch the field to Expression/,
		);
	});
});

describe('Prompt', () => {
	test.each([
		['={{ { "scene": "a cat" } }}', 'is an object, not text', '{{ $json.output.text }}'],
		['={{ ["a", "b"] }}', 'is a list, not text', '{{ $json.texts[0] }}'],
		['={{ { "scene": "a cat" } }}\n', 'holds an object that was turned into text', '{{ $json'],
		['In Paris: {{ { "a": 1 } }}', 'holds an object that was turned into text', '{{ $json'],
	])('%j is refused: %s', async (prompt, reason, hint) => {
		const refusal = await refusalOf({ prompt: prompt.replace(/^=?/, '=') });
		expect(refusal.message).toBe(`'Prompt' ${reason} [item 0]`);
		expect(refusal.description).toContain(hint);
	});
});

test('Max Credits names itself and the item too, where it is too low', async () => {
	const refusal = await refusalOf({ options: { maxCredits: '={{ "100\\n" }}' } });
	expect(refusal.message).toMatch(/^'Max Credits' is 100, but .* \[item 0\]$/);
});

describe('Task ID', () => {
	const forms: Array<[string, (id: string) => string]> = [
		['in capitals', (id) => id.toUpperCase()],
		['with blanks', (id) => ` ${id}\n`],
		['in the address of a video', (id) => `https://file.example.com/videos/${id}/abc.mp4`],
		[
			'in a callback address, in capitals',
			(id) => `https://n8n.example.com/cb?task=${id.toUpperCase()}`,
		],
	];

	test.each(
		(['getTask', 'wait'] as const).flatMap((operation) =>
			forms.map(([what, form]) => [operation, what, form] as const),
		),
	)('%s finds a task by an ID %s, and asks for it in lower case', async (operation, _, form) => {
		const taskId = await finishedTask();
		const { json, error } = await readEach(operation, [form(taskId)]);
		expect(error).toBeNull();
		expect(json[0]).toMatchObject({ taskId, status: 'completed' });
		expect(emulator.current.requests.at(-1)?.path).toBe(`/v1/tasks/${taskId}`);
	});

	test('a task that the API names in capitals is that task', async () => {
		const taskId = await createTask(emulator.current);
		emulator.current.fault({
			fault: { mutate: { path: 'id', value: taskId.toUpperCase() } },
			match: { method: 'GET' },
		});
		const { json, error } = await readEach('getTask', [taskId]);
		expect(error).toBeNull();
		expect(json[0]).toMatchObject({ taskId });
	});
});

describe('the settings of a wait', () => {
	test.each([0, 1])('are refused for item %d alone where only it has none', async (bad) => {
		const taskId = await finishedTask();
		const { json, error } = await readEach(
			'wait',
			[taskId, taskId],
			{ timeout: `={{ $itemIndex === ${bad} ? null : 1 }}` },
			{ onError: 'continueRegularOutput' },
		);
		expect(error).toBeNull();
		const refusal = `'Timeout (Minutes)' was set and has no value (null) [item ${bad}]`;
		expect(json[bad]).toMatchObject({ error: refusal });
		expect(json[1 - bad]).toMatchObject({ taskId, status: 'completed' });
	});
});

describe('the credential', () => {
	test.each(['/', '/v1', '/v1/', '//', '/V1'])(
		'works with a base URL that ends in %s',
		async (end) => {
			const baseUrl = `${emulator.current.url}${end}`;
			const { error } = await create({}, { credential: { baseUrl } });
			expect(error).toBeNull();
			expect(emulator.current.requests.at(-1)?.path).toBe('/v1/videos/generations');
		},
	);

	test.each([
		['api.aivideoapi.ai', /does not begin with https:\/\//],
		['http://exa mple.com', /host or port cannot be/],
		['https://api.aivideoapi.ai:99999', /host or port cannot be/],
		['https://', /host or port cannot be/],
		[undefined, /was set and has no value/],
		['https://api.aivideoapi.ai/?key=1', /has a blank, “\?” or “#” in it/],
	])('names %j as a base URL that cannot be', async (baseUrl, reason) => {
		const { message, description } = operationErrorOf(
			await create({}, { credential: { baseUrl } }),
		);
		expect(message).toMatch(/^The Base URL of the credential /);
		expect(message).toMatch(reason);
		expect(description).toContain('https://api.aivideoapi.ai');
		expect(emulator.current.count()).toBe(0);
	});

	test.each(['sk-one two', 'sk-…', 'sk-one\ntwo', 'sk-ключ'])(
		'names %j as a key that cannot be',
		async (apiKey) => {
			const { message } = operationErrorOf(await create({}, { credential: { apiKey } }));
			expect(message).toMatch(/^The API Key of the credential has a character/);
			expect(emulator.current.count()).toBe(0);
		},
	);

	test('an address where nothing is points at the Base URL', async () => {
		const baseUrl = `${emulator.current.url}/elsewhere`;
		const { message, description } = apiErrorOf(await create({}, { credential: { baseUrl } }));
		expect(message).toMatch(/404/);
		expect(description).toMatch(/Check the Base URL/);
	});
});

describe('the key in a text of the API', () => {
	const shown = () => everythingShown();

	test.each(['create', 'getTask', 'getCredits', 'createAndWait'])(
		'never comes out of %s',
		async (operation) => {
			emulator.current.fault({
				fault: { http: '400', message: 'Do not send the key {key} to /x?key={key}.' },
				times: 'always',
			});
			const taskId = await createTask(emulator.current).catch(() => '');
			const result = await create({ operation, taskId: taskId || TASK_ID });
			expect(apiErrorOf(result).description).toContain('the key sk-… to');
			expect(shown()).not.toContain(emulator.current.apiKey);
		},
	);

	test.each([true, false])('never comes out of a task (simplified: %s)', async (simplify) => {
		const taskId = await createTask(emulator.current, '[fail]');
		await emulator.current.complete(taskId);
		emulator.current.fault({
			match: { method: 'GET' },
			fault: {
				body: {
					body: JSON.stringify({
						id: taskId,
						status: 'failed',
						error: { code: 'x', message: 'Key {key}' },
						echo: ['{key}', { '{key}': 1 }],
					}),
				},
			},
		});
		const { json } = await readEach('getTask', [taskId], { simplify });
		expect(JSON.stringify(json)).toContain('Key sk-…');
		expect(shown()).not.toContain(emulator.current.apiKey);
	});
});

describe('a fault of n8n before the request is sent', () => {
	const fault = new Error('Referenced node is not there: sk-secret-key-of-someone');

	afterEach(() => {
		jest.restoreAllMocks();
	});

	test.each(['create', 'createAndWait', 'getTask', 'getCredits'])(
		'keeps the reason of n8n in %s, says that nothing was sent, and is not tried again',
		async (operation) => {
			const authenticate = jest
				.spyOn(TestCredentialsHelper.prototype, 'authenticate')
				.mockRejectedValue(fault);
			const result = await create({ operation, taskId: TASK_ID });
			const { message, description } = apiErrorOf(result);
			expect(message).toMatch(/^Referenced node is not there: sk-…/);
			expect(description).toMatch(/Nothing was sent/);
			expect(JSON.stringify([message, description])).not.toMatch(/charged, so|may have been/);
			expect(authenticate).toHaveBeenCalledTimes(1);
			expect(emulator.current.count()).toBe(0);
		},
	);
});

describe('Callback URL', () => {
	const N8N = 'https://n8n.example.com';
	const ID = 'a1B2c3D4e5F6g7H8';
	const callbackUrl = '={{ $json.value }}';

	/** Neither the API nor n8n is on a private host. */
	async function targetOf(value: string) {
		const baseUrl = emulator.current.url;
		const { json, error } = await create(
			{ callback: 'url', callbackUrl, options: { dryRun: true } },
			{
				items: [{ value }],
				credential: { baseUrl },
				// A Kling Trigger refuses what is no task.
				ownAnswer: { state: 'invalid', message: 'This is no task' },
			},
		);
		expect(error).toBeNull();
		return json[0]?.['request'];
	}

	test.each([
		['the ID of a workflow', ID],
		['its address in the editor', `${N8N}/workflow/${ID}`],
		['its address with a node open', `${N8N}/workflow/${ID}/4f1c?projectId=1#x`],
		['its address as it is on the machine itself', `http://localhost:5678/workflow/${ID}`],
	])('%s stands for its Kling Trigger', async (_, value) => {
		expect(await targetOf(value)).toMatchObject({ callback_url: `${N8N}/webhook/kling/${ID}` });
	});

	test('an address elsewhere that only looks like an editor is taken as it is', async () => {
		const url = 'https://hooks.example.org/workflow/start';
		expect(await targetOf(url)).toMatchObject({ callback_url: url });
	});

	test.each([
		[`${N8N}/webhook-test/kling/${ID}`, /a Test URL, which only listens while someone watches/],
		[`${N8N}/form-test/start`, /a Test URL/],
		[`${N8N}/webhook/my videos`, /is “.*my videos”, not an http\(s\) address/],
		[`https://n8n.example.org/workflow/${ID}`, /the editor of a workflow on another n8n/],
		[`${N8N}/workflow/new`, /names a workflow whose Kling Trigger does not listen/],
		[ID, /names a workflow whose Kling Trigger does not listen/],
	])('%s is refused', async (value, reason) => {
		const refusal = await refusalOf({ callback: 'url', callbackUrl }, { value });
		expect(refusal.message).toMatch(/^'Callback URL' .* \[item 0\]$/);
		expect(refusal.message).toMatch(reason);
		expect(refusal.description).not.toBe('');
	});
});
