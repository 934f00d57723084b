import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { type RunSettings, useKling } from '../harness/node/kling';
import { apiErrorOf, operationErrorOf } from '../harness/node/errors';
import { type StoredFile, useFileStore } from '../harness/node/fileStore';
import { completeAll, creditsCharged } from '../harness/node/tasks';

const { emulator, create } = useKling();

const imageUrl = (name?: string) => emulator.current.imageUrl(name);

const looks = () => emulator.current.requests.filter(({ route }) => route === 'image');
const lookedAt = () => looks().map(({ path }) => path.replace('/images/', ''));

/** The API key is for the API alone: not for those who serve images. */
afterEach(() => {
	expect(looks().filter(({ authorization }) => authorization)).toEqual([]);
	expect(JSON.stringify(looks())).not.toContain(emulator.current.apiKey);
});

type Changes = RunSettings & { options?: INodeParameters };

const BEGUN = { status: 'pending' };
const CONTINUING = { onError: 'continueRegularOutput' } as const;

describe('Check Images', () => {
	/** Creates a task for each item of image addresses. */
	async function createFrom(
		images: ReadonlyArray<string | string[]>,
		{ options = {}, ...settings }: Changes = {},
	) {
		return await create(
			{
				prompt: '={{ $json.prompt ?? "A cat" }}',
				imageUrls: '={{ $json.images }}',
				options: { checkImages: true, ...options },
			},
			{ items: images.map((one): IDataObject => ({ images: one })), ...settings },
		);
	}

	const NO_PICTURE = /is not a JPEG, PNG or WebP image/;

	/** What each image of the emulator comes to: a refusal, or null when the address is taken. */
	const VERDICTS: Record<string, RegExp | null> = {
		'photo.jpg': null,
		'photo.png': null,
		'photo.webp': null,
		'octet-stream.jpg': null,
		redirect: null,
		missing: /there is nothing \(it answers 404\)/,
		'missing?key=sk-secret-key': /names \S+\?key=sk-…, where there is nothing/,
		gone: /there is nothing \(it answers 410\)/,
		page: NO_PICTURE,
		'page-as-jpeg.jpg': NO_PICTURE,
		'gif.gif': NO_PICTURE,
		'huge.jpg': /11\.0 MB, and at most 10 MB/,
		// No answer to a look, or none that says enough: the API may fare better.
		forbidden: null,
		error: null,
		'slow.jpg': null,
		'redirect-loop': null,
		'huge-chunked.jpg': null,
	};

	test.each(Object.entries(VERDICTS))('%s → %s', async (name, refusal) => {
		if (name === 'slow.jpg') {
			const aMoment = AbortSignal.timeout(1_000);
			jest.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(aMoment);
		}
		const { error, json } = await createFrom([imageUrl(name)]);
		const own = lookedAt().filter((image) => image === name);
		// A loop is followed for as long as redirects are, and then given up.
		expect(own).toHaveLength(name === 'redirect-loop' ? 6 : 1);
		const headers = { range: 'bytes=0-15', accept: 'image/*' };
		expect(looks()[0]).toMatchObject({ method: 'GET', headers });
		if (refusal === null) {
			expect(error).toBeNull();
			expect(json).toMatchObject([BEGUN]);
			return;
		}
		const shown = operationErrorOf({ error });
		expect(shown.message).toMatch(refusal);
		expect(shown.message).toMatch(/^'Image URLs' .* \[item 0\]$/);
		expect(shown.message).toContain(imageUrl(name).replace('sk-secret-key', 'sk-…'));
		expect(shown.description).toContain('Nothing was spent');
		expect(shown.itemIndex).toBe(0);
		expect(emulator.current.count({ route: 'create' })).toBe(0);
	});

	test.each([['http://127.0.0.1:1/nobody-listens.jpg'], ['http://no-such-host.invalid/photo.jpg']])(
		'an address where nobody answers gets the benefit of the doubt: %s',
		async (url) => {
			const { error, json } = await createFrom([url]);
			expect(error).toBeNull();
			expect(json).toMatchObject([BEGUN]);
		},
	);

	test('looks once at an address, however many items have it', async () => {
		const [one, other] = [imageUrl('one.jpg'), imageUrl('other.png')];
		const { json } = await createFrom([one, other, one, [one, other], one]);
		expect(json).toHaveLength(5);
		expect(lookedAt().sort()).toEqual(['one.jpg', 'other.png']);
	});

	test('with Continue only the items with bad images are refused', async () => {
		const bad = imageUrl('missing');
		const { items, error } = await createFrom([imageUrl(), bad, imageUrl(), bad], CONTINUING);
		const refused = (item: number): unknown => ({
			error: expect.stringMatching(
				new RegExp(`^'Image URLs' names ${bad}, .* \\[item ${item}\\]$`),
			),
		});
		expect(error).toBeNull();
		const expected = [BEGUN, refused(1), BEGUN, refused(3)];
		expect(items).toMatchObject(expected.map((json, item) => ({ json, pairedItem: { item } })));
		expect(lookedAt().sort()).toEqual(['missing', 'photo.jpg']);
		expect(creditsCharged(emulator.current)).toBe(220);
	});

	test('the budget counts only what the check has left', async () => {
		const { json, error } = await createFrom([imageUrl(), imageUrl('missing')], {
			...CONTINUING,
			options: { maxCredits: 110 },
		});
		expect(error).toBeNull();
		expect(json).toMatchObject([BEGUN, { error: expect.anything() }]);
	});

	test('nothing is looked at unless asked for', async () => {
		const { json } = await createFrom([imageUrl('missing')], { options: { checkImages: false } });
		expect(json).toMatchObject([BEGUN]);
		expect(lookedAt()).toEqual([]);
	});

	test('a second try does not look again for what is paid already', async () => {
		const items = [
			{ images: imageUrl('one.jpg'), prompt: 'One' },
			{ images: imageUrl('two.jpg'), prompt: 'Two [http:402=1]' },
		];
		const run = { items, options: { concurrency: 1 } };
		const first = await createFrom([], run);
		expect(apiErrorOf(first).httpCode).toBe('402');
		const second = await createFrom([], { ...run, runData: first.runData });
		expect(second.error).toBeNull();
		expect(lookedAt().sort()).toEqual(['one.jpg', 'two.jpg', 'two.jpg']);
		expect(creditsCharged(emulator.current)).toBe(220);
	});

	test('a cancelled execution spends nothing', async () => {
		const controller = new AbortController();
		const running = createFrom([imageUrl('slow.jpg')], { signal: controller.signal });
		while (looks().length === 0) {
			await new Promise<void>((resolve) => setImmediate(resolve));
		}
		controller.abort();
		const { error } = await running;
		expect(String(error)).toContain('cancelled');
		expect(emulator.current.count({ route: 'create' })).toBe(0);
	});
});

const asset = (name: string) => readFileSync(join(__dirname, '..', 'emulator', 'assets', name));

const CONTENT = asset('photo.jpg');
const PHOTO: StoredFile = { content: CONTENT, fileName: 'photo.jpg', mimeType: 'image/jpeg' };
const GIF: StoredFile = { ...PHOTO, content: asset('animation.gif') };
const TOO_MUCH = Buffer.alloc(11 * 1024 * 1024);
const LARGE: StoredFile = { ...PHOTO, content: Buffer.concat([CONTENT, TOO_MUCH]) };

describe('images from files', () => {
	const store = useFileStore();

	/** Creates a task for each item of files. */
	async function createFromFiles(
		items: ReadonlyArray<Record<string, StoredFile>>,
		{
			options = {},
			field = 'data',
			prompt = 'Blinks',
			...settings
		}: Changes & {
			field?: string;
			prompt?: string;
		} = {},
	) {
		return await create(
			{ imageSource: 'binary', binaryPropertyName: field, prompt, options },
			{
				items: items.map(() => ({})),
				files: items.map((files) =>
					Object.fromEntries(Object.entries(files).map(([name, file]) => [name, store.add(file)])),
				),
				store,
				...settings,
			},
		);
	}

	test('go to the API as signed addresses, in the order asked for, each under the type that its content has', async () => {
		const files = {
			first: { ...PHOTO, mimeType: 'application/octet-stream' },
			second: { ...PHOTO, content: asset('photo.png') },
			third: { content: asset('photo.webp'), fileName: 'photo', mimeType: 'text/plain' },
		};
		const { error } = await createFromFiles([files], { field: 'third, first ,second' });
		expect(error).toBeNull();
		await completeAll(emulator.current);
		const [task] = emulator.current.tasks();
		expect(task?.images.map(({ ok, contentType }) => [ok, contentType])).toEqual([
			[true, 'image/webp'],
			[true, 'image/jpeg'],
			[true, 'image/png'],
		]);
	});

	test('that n8n has moved meanwhile are the same in a Retry of an edited node', async () => {
		const file = store.add(PHOTO);
		const first = await createFromFiles([{}], { files: [{ data: file }] });
		const { error } = await createFromFiles([{}], {
			files: [{ data: { ...file, id: file.id?.replace('folder', 'execution') } }],
			field: '={{ "data" }}',
			runData: first.runData,
			executionId: '43',
		});
		expect(error).toBeNull();
		expect(emulator.current.tasks()).toHaveLength(1);
	});

	const FIELD = "'Input Data Field Name'";

	test.each<[string, Record<string, StoredFile>, string, string, string]>([
		[
			'a field that is not there',
			{ data: PHOTO, picture: PHOTO },
			'photo',
			`${FIELD} names “photo”, which the item does not have`,
			'Its files are in “data”, “picture”.',
		],
		[
			'a field that is not there beside the only file',
			{ picture: PHOTO },
			'data',
			`${FIELD} names “data”, which the item does not have`,
			'Its only file is in “picture”.',
		],
		[
			'an item without files',
			{},
			'data',
			"'Image Source' is set to File, and the item has no file",
			"Set 'Image Source' to URL to give the image by its address",
		],
		['no field named', { data: PHOTO }, ' , ', `${FIELD} is empty`, 'Name the field'],
		[
			'a GIF named .jpg, behind a good file',
			{ data: PHOTO, gif: GIF },
			'data,gif',
			`${FIELD} names “gif”, which is not a JPEG, PNG or WebP image`,
			'content counts, not its name',
		],
		[
			'a file of 11 MB',
			{ data: LARGE },
			'data',
			`${FIELD} names “data”, which has 11.0 MB, and at most 10 MB are allowed`,
			'smaller first',
		],
	])('%s is refused before anything is spent', async (_, files, field, message, hint) => {
		const shown = operationErrorOf(await createFromFiles([files], { field }));
		expect(shown.message).toBe(`${message} [item 0]`);
		expect(shown.description).toContain(hint);
		const both = operationErrorOf(await createFromFiles([files], { field, prompt: '' }));
		expect(both.message).toBe(`'Prompt' is empty; ${message} [item 0]`);
		expect(emulator.current.requests).toEqual([]);
	});

	test('a file that n8n keeps in memory is refused, naming the setting', async () => {
		const inMemory = { data: { data: 'aGk=', mimeType: 'image/jpeg' } };
		const shown = operationErrorOf(await createFromFiles([{}], { files: [inMemory] }));
		expect(shown.message).toMatch(/“data” is kept in memory, where the API cannot fetch it/);
		expect(shown.description).toContain('N8N_DEFAULT_BINARY_DATA_MODE');
	});

	test('a file that n8n has lost is an error in n8n’s own words', async () => {
		const lost = { data: { ...store.add(PHOTO), id: 'filesystem-v2:folder/gone' } };
		const shown = operationErrorOf(await createFromFiles([{}], { files: [lost] }));
		expect(shown.message).toContain('There is no file filesystem-v2:folder/gone');
	});

	test('where the API cannot reach this n8n, files are refused, naming WEBHOOK_URL', async () => {
		const credential = { baseUrl: 'https://api.example.com' };
		const shown = operationErrorOf(await createFromFiles([{ data: PHOTO }], { credential }));
		expect(shown.message).toMatch(
			/^'Input Data Field Name' cannot be used, since the AI Video API cannot reach this n8n at http:\/\/127\.0\.0\.1:\d+ to fetch “data” \[item 0\]$/,
		);
		expect(shown.description).toContain('WEBHOOK_URL');
	});

	test('with Continue only the items with bad files are refused', async () => {
		const [good, bad] = [{ data: PHOTO }, { data: GIF }];
		const { json } = await createFromFiles([good, bad, {}, good], CONTINUING);
		expect(json).toMatchObject([
			BEGUN,
			{ error: expect.stringContaining('names “data”, which is not a JPEG') },
			{ error: expect.stringContaining("'Image Source' is set to File") },
			BEGUN,
		]);
		expect(creditsCharged(emulator.current)).toBe(220);
	});

	describe.each(['dryRun', 'checkImages'])(
		'with %s they are fetched as the API would',
		(option) => {
			const create = async () =>
				await createFromFiles([{ data: PHOTO }], { options: { [option]: true } });
			const page = '<!doctype html><title>Sign in</title>';
			const ELSEWHERE = 'http://127.0.0.1:1/sso';

			test('a file that comes is fine, wherever its address leads', async () => {
				expect((await create()).error).toBeNull();
				let isFirst = true;
				store.front = (_request, response) => {
					if (isFirst) response.writeHead(308, { location: '/moved' }).end();
					else response.end(PHOTO.content);
					isFirst = false;
				};
				expect((await create()).error).toBeNull();
			});

			test('no answer from inside says nothing of outside', async () => {
				await store.unplug();
				expect((await create()).error).toBeNull();
			});

			test.each<[string, number, string | null, RegExp]>([
				['a login page', 200, null, /:\d+ gives something else, such as a login page \[item 0\]$/],
				['one here', 302, '/login?rd=token', /redirects to http:\/\/127[^ ]+\/login \[/],
				['one elsewhere', 302, ELSEWHERE, /redirects to http:\/\/127\.0\.0\.1:1\/sso \[/],
				['a refusal', 401, null, /:\d+ answers 401 \[item 0\]$/],
				['nothing there', 404, null, /:\d+ answers 404 \[item 0\]$/],
				['a gateway that is down', 502, null, /:\d+ answers 502 \[item 0\]$/],
			])('%s in front of n8n is refused by name', async (_, status, location, message) => {
				const headers = location === null ? {} : { location };
				store.front = (_request, response) => void response.writeHead(status, headers).end(page);
				const shown = operationErrorOf(await create());
				expect(shown.message).toMatch(message);
				expect(shown.message).not.toContain('token');
				expect(shown.description).toContain('/rest/binary-data/signed');
				expect(emulator.current.count({ route: 'create' })).toBe(0);
			});
		},
	);

	test('nothing is fetched unless asked for', async () => {
		let fetched = 0;
		store.front = (_request, response) => {
			fetched += 1;
			response.end();
		};
		expect((await createFromFiles([{ data: PHOTO }])).error).toBeNull();
		expect(fetched).toBe(0);
	});
});
