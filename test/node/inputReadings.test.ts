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

const DRIVE = 'drive.google.com/uc?export=download&id=1AbC';
const DOWNLOAD_FIRST = 'download it first with the node of that service';

describe('Image URLs', () => {
	const imageUrls = '={{ $json.value }}';

	test.each<[string, Value, string[]]>([
		['a comma between', `${ONE},${TWO}`, [ONE, TWO]],
		['a semicolon between', `${ONE};${TWO}`, [ONE, TWO]],
		['a comma at the end', `${ONE}, ${TWO},`, [ONE, TWO]],
		['a comma within an address', `${ONE}?s=1,2;3`, [`${ONE}?s=1,2;3`]],
		['a JSON array as text', JSON.stringify([[ONE], [TWO]]), [ONE, TWO]],
		['attachments of a table', [{ url: ONE }, { url: TWO }], [ONE, TWO]],
		['a blank without width', `\u200b${ONE}\u200b`, [ONE]],
		['attachments as JSON', JSON.stringify([{ url: ONE }]), [ONE]],
		['a blank in an entry of an array', [`${ONE}?My Cat`], [`${ONE}?My%20Cat`]],
		['“&” as feeds have it', `${ONE}?w=1&amp;s=x ${TWO}?t=&amp;`, [`${ONE}?w=1&s=x`, `${TWO}?t=&`]],
	])('%s', async (_, value, expected) => {
		const request = await requestOf({ imageUrls }, { value });
		expect(request).toMatchObject({ input: { image_urls: expected } });
	});

	test('a line break behind an expression', async () => {
		const request = await requestOf({ imageUrls: `${imageUrls}\n` }, { value: [ONE, TWO] });
		expect(request).toMatchObject({ input: { image_urls: [ONE, TWO] } });
	});

	test.each<[string, Value, RegExp, RegExp]>([
		[
			'a blank in a text',
			`${ONE} x.jpg`,
			/^'Image URLs' holds an address with a blank in it: “https:\/\/cdn.example.com\/one.png x.jpg” \[item 0\]$/,
			/%20/,
		],
		['objects without an address', [{ id: 7 }], /^'Image URLs' is an object, not/, /Choose/],
	])('%s is refused', async (_, value, message, description) => {
		const refusal = await refusalOf({ imageUrls }, { value });
		expect(refusal.message).toMatch(message);
		expect(refusal.description).toMatch(description);
	});

	test.each([
		['drive.google.com/file/d/1AbC/view?usp=sharing', DRIVE],
		['drive.google.com/open?id=1AbC', DRIVE],
		['www.dropbox.com/scl/fi/ab/cat.jpg?k=c&dl=0', 'www.dropbox.com/scl/fi/ab/cat.jpg?k=c&raw=1'],
		['www.dropbox.com/sh/ab/cd?dl=1', 'no address of its own there: download it first'],
		['github.com/o/r/blob/main/a/cat.jpg', 'raw.githubusercontent.com/o/r/main/a/cat.jpg'],
		['gitlab.example.com/g/p/-/blob/main/cat.jpg', 'gitlab.example.com/g/p/-/raw/main/cat.jpg'],
		['bitbucket.org/o/r/src/main/cat.jpg', 'bitbucket.org/o/r/raw/main/cat.jpg'],
		['codeberg.org/o/r/src/branch/main/cat.jpg', 'codeberg.org/o/r/raw/branch/main/cat.jpg'],
		['huggingface.co/o/r/blob/main/cat.png', 'huggingface.co/o/r/resolve/main/cat.png'],
		['acme.sharepoint.com/:i:/g/me/Eab?e=x', 'acme.sharepoint.com/:i:/g/me/Eab?e=x&download=1'],
		['www.github.com/o/r/blob/main/cat.jpg', 'raw.githubusercontent.com/o/r/main/cat.jpg'],
		['m.dropbox.com/s/ab/cat.jpg', 'm.dropbox.com/s/ab/cat.jpg?raw=1'],
		['a.sharepoint.com/p/_layouts/15/onedrive.aspx?id=x.jpg', DOWNLOAD_FIRST],
		['a.sharepoint.com/s/Docs/Forms/AllItems.aspx?id=x.jpg', DOWNLOAD_FIRST],
		['1drv.ms/i/s!Ab', DOWNLOAD_FIRST],
		['onedrive.live.com/?id=1&cid=2', DOWNLOAD_FIRST],
		['photos.app.goo.gl/Ab', DOWNLOAD_FIRST],
		['photos.google.com/share/Ab', DOWNLOAD_FIRST],
	])('the page %s is refused with what to use instead', async (page, instead) => {
		const refusal = await refusalOf({ imageUrls: `https://${page}` });
		expect(refusal.message).toContain('which is a page that shows a file, not the file itself');
		expect(refusal.description).toContain(
			/^\w+\.\w/.test(instead) ? `https://${instead}` : instead,
		);
	});

	test.each([
		DRIVE,
		'www.dropbox.com/scl/fi/ab/cat.jpg?rlkey=cd&raw=1',
		'drive.google.com/u/0/uc?id=1AbC',
		'www.dropbox.com/s/ab/cat.jpg?dl=1',
		'github.com/o/r/blob/main/cat.jpg?raw=true',
		'github.com/o/r/raw/main/cat.jpg',
		'acme.sharepoint.com/:i:/s/x/Eab?download=1',
		'acme.sharepoint.com/sites/x/cat.jpg',
	])('the direct address %s is taken', async (address) => {
		const image = `https://${address}`;
		const request = await requestOf({ imageUrls: image });
		expect(request).toMatchObject({ input: { image_urls: [image] } });
	});
});

test.each<[string, INodeParameters]>([
	['Prompt', { prompt: 'A cat in {{ $json.city }}' }],
	['Reference', { options: { reference: '{{ $json.row }}' } }],
])('braces in %s as plain text are refused, with the way out', async (parameter, typed) => {
	const { message, description } = await refusalOf(typed);
	expect(message).toMatch(
		new RegExp(`^'${parameter}' holds “{{ \\$json.\\w+ }}” as plain text \\[item 0\\]$`),
	);
	expect(description).toMatch(/Nothing was spent in this run\. Switch the field to Expression/);
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
	test.each([
		['in capitals', (id: string) => id.toUpperCase()],
		['with blanks', (id: string) => ` ${id}\n`],
		['in the address of a video', (id: string) => `https://file.example.com/videos/${id}/abc.mp4`],
		[
			'in a callback address',
			(id: string) => `https://n8n.example.com/cb?task=${id.toUpperCase()}`,
		],
	])('%s is found, and asked for in lower case', async (_, form) => {
		const taskId = await finishedTask();
		for (const operation of ['getTask', 'wait'] as const) {
			const { json, error } = await readEach(operation, [form(taskId)]);
			expect(error).toBeNull();
			expect(json[0]).toMatchObject({ taskId, status: 'completed' });
			expect(emulator.current.requests.at(-1)?.path).toBe(`/v1/tasks/${taskId}`);
		}
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
	test('works with a base URL that ends in /v1/', async () => {
		const baseUrl = `${emulator.current.url}/v1/`;
		const { error } = await create({}, { credential: { baseUrl } });
		expect(error).toBeNull();
		expect(emulator.current.requests.at(-1)?.path).toBe('/v1/videos/generations');
	});

	test.each([
		['api.aivideoapi.ai', /does not begin with https:\/\//],
		['http://exa mple.com', /host or port cannot be/],
		['https://api.aivideoapi.ai:99999', /host or port cannot be/],
		['https://', /host or port cannot be/],
		[undefined, /was set and has no value/],
		['https://api.aivideoapi.ai/?key=1', /has a blank, “\?” or “#” in it/],
		['https://me:secret@api.aivideoapi.ai', /has a user name in it/],
	])('names %j as a base URL that cannot be', async (baseUrl, reason) => {
		const result = await create({}, { credential: { baseUrl } });
		const { message, description } = operationErrorOf(result);
		expect(message).toMatch(/^The 'Base URL' of the credential /);
		expect(message).toMatch(reason);
		expect(description).toContain('https://api.aivideoapi.ai');
		expect(emulator.current.count()).toBe(0);
	});

	test.each(['sk-one two', 'sk-…', 'sk-one\ntwo', 'sk-ключ'])(
		'names %j as a key that cannot be',
		async (apiKey) => {
			const { message } = operationErrorOf(await create({}, { credential: { apiKey } }));
			expect(message).toMatch(/^The 'API Key' of the credential has a character/);
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
	test.each(['create', 'getTask', 'getCredits', 'createAndWait'])(
		'never comes out of %s',
		async (operation) => {
			emulator.current.fault({
				fault: { http: '400', message: 'Do not send the key {key} to /x?key={key}.' },
				times: 'always',
			});
			const result = await create({ operation, taskId: TASK_ID });
			expect(apiErrorOf(result).description).toContain('the key sk-… to');
			expect(everythingShown()).not.toContain(emulator.current.apiKey);
		},
	);

	test.each([true, false])('never comes out of a task (simplified: %s)', async (simplify) => {
		const taskId = await createTask(emulator.current, '[fail]');
		await emulator.current.complete(taskId);
		const error = { code: 'x', message: 'Key {key}' };
		const echo = ['{key}', { '{key}': 1 }];
		const body = JSON.stringify({ id: taskId, status: 'failed', error, echo });
		emulator.current.fault({ match: { method: 'GET' }, fault: { body: { body } } });
		const { json } = await readEach('getTask', [taskId], { simplify });
		expect(JSON.stringify(json)).toContain('Key sk-…');
		expect(everythingShown()).not.toContain(emulator.current.apiKey);
	});
});

describe('a fault of n8n before the request is sent', () => {
	const fault = new Error('Referenced node is not there: sk-secret-key-of-someone');

	afterEach(() => void jest.restoreAllMocks());

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
		const { json, error } = await create(
			{ callback: 'url', callbackUrl, options: { dryRun: true } },
			{
				items: [{ value }],
				// A Kling Trigger refuses what is no task.
				ownAnswer: { state: 'invalid', message: 'This is no task' },
			},
		);
		expect(error).toBeNull();
		return json[0]?.['request'];
	}

	test.each([
		['the ID of a workflow', ID],
		['the ID of an old one', '42', '42'],
		['its address in the editor', `${N8N}/workflow/${ID}`],
		['its address with a node open', `${N8N}/workflow/${ID}/4f1c?projectId=1#x`],
		['its address as it is on the machine itself', `http://localhost:5678/workflow/${ID}`],
	])('%s stands for its Kling Trigger', async (_, value, id = ID) => {
		expect(await targetOf(value)).toMatchObject({ callback_url: `${N8N}/webhook/kling/${id}` });
	});

	test('an address elsewhere that only looks like an editor is taken as it is', async () => {
		const url = 'https://hooks.example.org/workflow/start';
		expect(await targetOf(url)).toMatchObject({ callback_url: url });
	});

	test.each([
		[`${N8N}/webhook-test/kling/${ID}`, /a Test URL, which only listens while someone watches/],
		[`${N8N}/form-test/start`, /a Test URL/],
		[`${N8N}/webhook-waiting/42?signature=a b`, /is “https:\/\/n8n\.example\.com\/… b”/],
		[`${N8N}/webhook/my videos`, /is “.*my videos”, not an http\(s\) address/],
		[`https://n8n.example.org/workflow/${ID}`, /the editor of a workflow on another n8n/],
		[`${N8N}/workflow/new`, /names the workflow .*, whose Kling Trigger does not listen/],
		['my_old-id', /names the workflow .*, whose Kling Trigger does not listen/],
	])('%s is refused', async (value, reason) => {
		const refusal = await refusalOf({ callback: 'url', callbackUrl }, { value });
		expect(refusal.message).toMatch(/^'Callback URL' .* \[item 0\]$/);
		expect(refusal.message).toMatch(reason);
		expect(refusal.description).not.toBe('');
	});
});
