import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { type RunSettings, useKling } from '../harness/node/kling';
import { operationErrorOf } from '../harness/node/errors';
import { creditsCharged } from '../harness/node/tasks';

const { emulator, create } = useKling();

const OPERATIONS = ['create', 'createAndWait'] as const;

type Changes = RunSettings & { parameters?: INodeParameters; options?: INodeParameters };

const dryRun = async (
	operation: (typeof OPERATIONS)[number],
	{ options = {}, parameters = {}, ...settings }: Changes = {},
) =>
	await create(
		{
			operation,
			callback: 'auto',
			waitStrategy: 'auto',
			duration: 10,
			sound: true,
			options: { dryRun: true, ...options },
			...parameters,
		},
		settings,
	);

/** The judge of every test here: no create was ever sent. */
afterEach(() => {
	expect(emulator.current.count({ route: 'create' })).toBe(0);
	expect(creditsCharged(emulator.current)).toBe(0);
});

describe.each(OPERATIONS)('a dry run of %s', (operation) => {
	test('says for each item what it would cost and send', async () => {
		const { json, hints, waitTill } = await dryRun(operation, { items: [{}, {}] });
		const callbacks = operation === 'create' ? {} : { callback_url: expect.any(String) };
		const preview: IDataObject = {
			dryRun: true,
			estimatedCredits: 440,
			request: {
				model: 'kling-2.6',
				...callbacks,
				input: {
					prompt: 'A cat turns its head',
					image_urls: [emulator.current.imageUrl()],
					duration: 10,
					sound: true,
				},
			},
		};
		expect(json).toEqual([
			{ ...preview, balance: 10_000, balanceAfter: 9_560 },
			{ ...preview, balance: 10_000, balanceAfter: 9_120 },
		]);
		expect(hints.map(({ message }) => message)).toEqual([
			'Dry run: nothing was created or spent. A real run makes 2 videos for an estimated 880 credits (about US$ 4.40) in all.',
			...(operation === 'create' ? [expect.stringMatching(/^No callback: /)] : []),
		]);
		expect(waitTill).toBeUndefined();
	});

	test('keeps the address that resumes the execution to itself', async () => {
		const { json } = await dryRun(operation, { parameters: { callback: 'execution' } });
		expect(json[0]?.request).toMatchObject({
			callback_url: '(the resume address of the execution)',
		});
	});

	test('looks at the images', async () => {
		const missing = emulator.current.imageUrl('missing');
		const { error } = await dryRun(operation, { parameters: { imageUrls: missing } });
		expect(operationErrorOf({ error }).message).toContain(missing);
	});

	test('reads the balance', async () => {
		emulator.current.setBalance(emulator.current.apiKey, 879);
		const { error } = await dryRun(operation, { items: [{}, {}] });
		expect(operationErrorOf({ error }).message).toContain('the account has 879 credits');
	});

	test('obeys Max Credits', async () => {
		const { error } = await dryRun(operation, { options: { maxCredits: 439 } });
		expect(operationErrorOf({ error }).message).toContain('Max Credits');
	});

	test('has one error item for what is wrong with an item, where the node continues', async () => {
		const { json } = await dryRun(operation, {
			items: [{ text: 'A cat' }, { text: '' }],
			parameters: { prompt: '={{ $json.text }}' },
			onError: 'continueRegularOutput',
		});
		expect(json).toMatchObject([{ dryRun: true }, { error: expect.stringContaining("'Prompt'") }]);
	});

	test('is refused as a whole when it is on for some items only', async () => {
		const { error } = await dryRun(operation, {
			items: [{ try: true }, { try: false }],
			options: { dryRun: '={{ $json.try }}' },
		});
		expect(operationErrorOf({ error }).message).toBe(
			"'Dry Run' is on for some items and off for others [item 0]",
		);
	});
});
