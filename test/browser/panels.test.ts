import { startEmulator, type Emulator } from '../emulator';
import { aiAgent, klingTrigger, manualTrigger, workflow } from '../harness/n8n/workflow';
import { chain, numbered } from '../harness/n8n/stage';
import { createTask } from '../harness/node/tasks';
import { useBrowserStage } from '../harness/browser/stage';
import { eventually } from '../harness/browser/seen';

const EXAMPLE_IMAGE = 'https://example.com/cat.jpg';
const EXAMPLE_PROMPT = 'The cat turns its head and blinks slowly, soft morning light';

const POLLING = {
	operation: 'createAndWait',
	prompt: EXAMPLE_PROMPT,
	waitStrategy: 'poll',
	options: { pollInterval: 2 },
};

const stage = useBrowserStage({
	emulator: { paceMs: 300 },
	n8n: { env: { WEBHOOK_URL: 'https://n8n.example.com/' } },
});
/** For pictures of results: the addresses it gives look like those of the real thing. */
let publicEmulator: Emulator;

beforeAll(async () => {
	publicEmulator = await startEmulator({ paceMs: 1500, publicUrl: 'https://cdn.example.com' });
});

afterAll(async () => {
	await publicEmulator.stop();
});

async function open(
	parameters: Record<string, unknown>,
	{ items = 1, name = 'Animate a photo' } = {},
): Promise<void> {
	const { id } = await stage.n8n.api.createWorkflow(
		chain(name, numbered(items), { Kling: stage.kling(parameters) }),
	);
	await stage.editor.openWorkflow(id);
	await stage.editor.openNode('Kling');
}

/** What a person sees of the price: the only notice, and nothing else. */
async function expectPrice(text: string): Promise<void> {
	await eventually(async () => {
		expect(await stage.editor.notices.allInnerTexts()).toEqual([expect.stringContaining(text)]);
	});
}

const CREATING = ['Prompt', 'Image Source', 'Image URLs', 'Duration', 'Sound'];

const SPENDING = ['Check Balance', 'Check Images', 'Concurrency', 'Dry Run', 'Max Credits'];
const RESULT = ['Download Video', 'Simplify', 'Options'];
const WAITING = ['Wait Strategy', 'Timeout (Minutes)', ...RESULT];
const INTERVAL = 'Poll Interval (Seconds)';
const CREATE_AND_WAIT = [...SPENDING, INTERVAL];

/** What each operation shows, and what its options are; lists of options are alphabetical. */
const OPERATIONS = [
	{
		name: 'Create Video',
		fields: [...CREATING, 'Callback', 'Options'],
		options: [...SPENDING, 'Reference'],
	},
	{ name: 'Create Video and Wait', fields: [...CREATING, ...WAITING], options: CREATE_AND_WAIT },
	{ name: 'Get Video', fields: ['Task ID', ...RESULT], options: ['Stop on Failed Video'] },
	{ name: 'Wait for Video', fields: ['Task ID', ...WAITING], options: [INTERVAL] },
	{ name: 'Get Credits', fields: [], options: [] },
];

test('each operation shows what applies to it, and nothing else', async () => {
	const { editor } = stage;
	await open({ operation: 'getCredits' });
	for (const { name, fields, options } of OPERATIONS) {
		await editor.choose('operation', name);
		await eventually(async () => {
			expect([name, await editor.labels()]).toEqual([name, ['Operation', ...fields]]);
		});
		const picture = name.toLowerCase().replaceAll(' ', '-');
		await stage.picture(`fields-${picture}`);
		if (options.length === 0) continue;
		await editor.byId('collection-parameter-add').click();
		const offered = editor.page.locator('[data-test-id="collection-parameter-option"]:visible');
		await eventually(async () => {
			expect([name, await offered.allInnerTexts()]).toEqual([name, [...options].sort()]);
		});
		await stage.picture(`options-${picture}`);
		await editor.leaveField();
	}
});

test('the price follows duration and sound, in the panel and on the canvas', async () => {
	const { editor } = stage;
	await open({ operation: 'create', prompt: EXAMPLE_PROMPT, imageUrls: EXAMPLE_IMAGE });
	await expectPrice('110 credits (about US$ 0.55)');
	await editor.choose('duration', '10 Seconds');
	await expectPrice('220 credits (about US$ 1.10)');
	await editor.flip('sound');
	await expectPrice('440 credits (about US$ 2.20)');
	await editor.choose('duration', '5 Seconds');
	await expectPrice('220 credits (about US$ 1.10)');
	await editor.leaveField();
	await stage.picture('create-panel');
	await editor.closeNode();
	await editor.node('Kling').getByText('Create Video: ~220 credits', { exact: true }).waitFor();
});

test('the canvas names operation, credits and what guards them, also where an expression decides', async () => {
	const { editor } = stage;
	const creates = (parameters: Record<string, unknown>) =>
		stage.kling({
			operation: 'createAndWait',
			prompt: EXAMPLE_PROMPT,
			imageUrls: EXAMPLE_IMAGE,
			...parameters,
		});
	const { id } = await stage.n8n.api.createWorkflow(
		workflow('From photo to video')
			.node('Start', manualTrigger())
			.node('Animate photo', creates({ operation: 'create' }))
			.node('Wait for video', stage.kling({ operation: 'wait' }))
			.node('Animate with sound', creates({ duration: 10, sound: true }))
			.node('Try it first', creates({ options: { dryRun: true } }))
			.node('With a limit', creates({ duration: 10, options: { maxCredits: 500 } }))
			.node('As the item says', creates({ duration: '={{ $json.seconds }}' }))
			.chain('Start', 'Animate photo', 'Wait for video', 'Animate with sound')
			.chain('Start', 'Try it first', 'With a limit', 'As the item says')
			.json(),
	);
	await editor.openWorkflow(id);
	for (const [node, subtitle] of [
		['Animate photo', 'Create Video: ~110 credits'],
		['Wait for video', 'Wait for Video'],
		['Animate with sound', 'Create & Wait: ~440 credits'],
		['Try it first', 'Create & Wait: dry run'],
		['As the item says', 'Create & Wait'],
	] as const) {
		const line = editor.node(node).getByText(subtitle, { exact: true });
		await line.waitFor();
		expect(await editor.property(line, 'scrollWidth')).toBe(
			await editor.property(line, 'clientWidth'),
		);
	}
	await editor.node('With a limit').getByText('Create & Wait: ~220, ≤ 500 credits').waitFor();
	await stage.picture('canvas');
});

test('what guards the money outlives another choice of operation', async () => {
	const { editor } = stage;
	const options = { dryRun: true, maxCredits: 500 };
	await open({ operation: 'create', prompt: EXAMPLE_PROMPT, imageUrls: EXAMPLE_IMAGE, options });
	await editor.choose('operation', 'Create Video and Wait');
	await eventually(async () => {
		expect(await editor.labels()).toEqual(expect.arrayContaining(['Dry Run', 'Max Credits']));
	});
	await stage.picture('guards-kept');
	await editor.closeNode();
	await editor.node('Kling').getByText('Create & Wait: dry run', { exact: true }).waitFor();
});

test('the output is a table of tasks, with the total of the credits above it', async () => {
	const { editor, n8n } = stage;
	const credential = await n8n.api.createCredential({
		name: 'My AI Video account',
		type: 'aiVideoApi',
		data: { apiKey: publicEmulator.apiKey, baseUrl: publicEmulator.url },
	});
	const node = stage.kling({ ...POLLING, imageUrls: publicEmulator.imageUrl('photo.jpg') });
	const { id } = await n8n.api.createWorkflow(
		chain('Animate photos', numbered(3), {
			Kling: {
				...node,
				credentials: { aiVideoApi: { id: credential, name: 'My AI Video account' } },
			},
		}),
	);
	await editor.openWorkflow(id);
	await editor.openNode('Kling');
	await editor.executeStep();
	await editor.byId('node-run-status-success').waitFor();
	await editor.output.getByText('3 videos for an estimated 330 credits').waitFor();
	const links = editor.output.getByRole('link');
	expect(await links.allInnerTexts()).toEqual(['1', '2', '3']);
	await editor.show('table');
	await editor.output.locator('td').getByText('completed').first().waitFor();
	expect((await editor.output.locator('th').allInnerTexts()).slice(0, 4)).toEqual([
		'taskId',
		'status',
		'videoUrl',
		'failure',
	]);
	expect(await editor.output.getByText('completed', { exact: true }).count()).toBe(3);
	const address = await links.first().getAttribute('href');
	expect(address).toMatch(/^https:\/\/cdn\.example\.com\/videos\/.+\.mp4$/);
	await editor.output.locator('td').getByText(String(address)).first().waitFor();
	await editor.dismissToasts();
	await stage.picture('result-table');
	await editor.show('schema');
	await editor.output.getByText('videoUrl', { exact: true }).waitFor();
	await stage.picture('result');
});

test('a downloaded video plays in the preview', async () => {
	const { editor, emulator } = stage;
	await open({ ...POLLING, imageUrls: emulator.imageUrl(), downloadVideo: true });
	await editor.executeStep();
	await editor.byId('node-run-status-success').waitFor();
	await editor.show('binary');
	await editor.output.getByText('video/mp4').waitFor();
	await editor.dismissToasts();
	await stage.picture('binary');
	await editor.byId('ndv-view-binary-data').first().click();
	const video = editor.output.locator('video');
	await eventually(async () => {
		expect(await editor.property(video, 'readyState')).toBe('4');
	});
	expect(await editor.property(video, 'error')).toBe('null');
	expect(Math.round(Number(await editor.property(video, 'duration')))).toBe(5);
	await stage.picture('preview');
});

test('an error reads well, and its details hold the text of the API without the key', async () => {
	const { editor, emulator } = stage;
	await open({
		operation: 'create',
		prompt: `${EXAMPLE_PROMPT} [http:402]`,
		imageUrls: emulator.imageUrl(),
	});
	await editor.executeStep();
	await editor.byId('node-error-message').waitFor();
	expect(await editor.byId('node-error-message').innerText()).toBe(
		'The account has too few credits for this video',
	);
	expect(await editor.byId('node-error-description').innerText()).toBe(
		'Top up under Dashboard > Billing, then run this node again. Nothing was charged for this video. The API says: “Insufficient credits.”',
	);
	await editor.output.getByText('From Kling').click();
	await editor.output
		.getByText('HTTP 402 · insufficient_credits · Insufficient credits.')
		.waitFor();
	await editor.dismissToasts();
	await stage.picture('error');
	await editor.output.getByText('Other info').click();
	await editor.output.getByText('Stack trace').waitFor();
	expect(await editor.output.innerText()).not.toContain(emulator.apiKey);
});

test('the trigger panel says each thing once: what happens, what to copy where, and how to try it', async () => {
	const { editor, n8n } = stage;
	const { id } = await n8n.api.createWorkflow(
		workflow('When a video is ready')
			.node('Kling Trigger', klingTrigger({}, stage.credential))
			.json(),
	);
	await editor.openWorkflow(id);
	await editor.openNode('Kling Trigger');
	const panel = editor.byId('ndv');
	await panel.getByText('Start when a video is ready').waitFor();
	await eventually(async () => {
		expect(await editor.labels()).toEqual(['Trigger On', 'Download Video', 'Simplify', 'Options']);
	});
	await editor.flip('downloadVideo');
	await eventually(async () => {
		expect(await editor.labels()).toContain('Put Output File in Field');
	});
	await editor.flip('downloadVideo');
	expect(await editor.notices.allInnerTexts()).toEqual([
		expect.stringMatching(
			/^Publish this workflow\. Each Create Video in it then calls this trigger, unless.*another workflow/,
		),
		expect.stringMatching(/^To try it without paying.*Test URL.*\?task=/),
	]);
	await panel.getByText('Webhook URLs').first().click();
	await panel.getByText('Production URL', { exact: true }).click();
	await panel.getByText(`https://n8n.example.com/webhook/kling/${id}`).waitFor();
	expect(await panel.getByText('https://n8n.example.com/webhook').count()).toBe(1);
	await panel.getByText('When will this node trigger my flow?').click();
	await panel.getByText('once the workflow is published').waitFor();
	await stage.picture('trigger-panel');
});

test('a trigger is tried by opening its Test URL with the ID of a finished video', async () => {
	const { editor, emulator, n8n } = stage;
	const taskId = await createTask(emulator);
	await emulator.complete(taskId);
	const { id } = await n8n.api.createWorkflow(
		workflow('Try the trigger').node('Kling Trigger', klingTrigger({}, stage.credential)).json(),
	);
	await editor.openWorkflow(id);
	await editor.openNode('Kling Trigger');
	await editor.executeStep();
	await editor.byId('ndv').getByText('Stop Listening').first().waitFor();
	await stage.picture('trigger-listening');
	const answer = await fetch(`${n8n.url}/webhook-test/kling/${id}?task=${taskId}`);
	expect(await answer.text()).toContain('Workflow started');
	await editor.byId('node-run-status-success').waitFor();
	await editor.output.getByText(taskId).first().waitFor();
	await editor.dismissToasts();
	await stage.picture('trigger-tried');
});

test('an AI Agent has it among its tools, without what a tool has no use for', async () => {
	const { editor, n8n } = stage;
	const { id } = await n8n.api.createWorkflow(
		workflow('Agent')
			.node('Start', manualTrigger())
			.node('Agent', aiAgent('Animate my cat, please'))
			.chain('Start', 'Agent')
			.json(),
	);
	await editor.openWorkflow(id);
	await editor.openToolCreator('Agent');
	for (const words of ['image-to-video', 'img2video', 'video generator', 'image to video']) {
		await editor.searchNodes(words);
		await eventually(async () => {
			expect([words, await editor.listed.allInnerTexts()]).toEqual([words, ['Kling Tool']]);
		});
	}
	await stage.picture('agent-tools');
	await editor.listed.click();
	await editor.parameters.waitFor();
	await eventually(async () => {
		const labels = await editor.labels();
		expect(labels.slice(0, 3)).toEqual(['Tool Description', 'Operation', 'Prompt']);
		expect(labels).toContain('Timeout (Minutes)');
		expect(labels).not.toContain('Wait Strategy');
		expect(labels).not.toContain('Download Video');
	});
	// Prompt and Image URLs.
	expect(await editor.parameters.getByText('Defined automatically by the model').count()).toBe(2);
	expect((await editor.notices.allInnerTexts()).join(' ')).toMatch(
		/choose Set Manually above.*\$fromAI\('duration'.*two tools instead: Create Video and Get Video/,
	);
	await stage.picture('agent-tool-panel');
	await editor.choose('operation', 'Get Video');
	await eventually(async () => {
		expect(await editor.labels()).toContain('Task ID');
		expect(await editor.parameters.getByText('Defined automatically by the model').count()).toBe(1);
		expect((await editor.notices.allInnerTexts()).join(' ')).not.toMatch(/two tools instead/);
	});
	await stage.picture('agent-tool-get-video');
});

test('a hint tells how long videos take, and that the page may be left, before and while it looks', async () => {
	const { editor, emulator } = stage;
	const hint = editor.output.getByText('Most videos take 1 to 15 minutes.');
	await open({ ...POLLING, imageUrls: emulator.imageUrl() });
	await hint.waitFor();
	await stage.picture('hint-before-run');
	emulator.setPace(Infinity);
	await editor.executeStep();
	await eventually(async () => {
		expect(emulator.count({ route: 'getTask' })).toBeGreaterThan(0);
	});
	await hint.waitFor();
	await stage.picture('hint-while-polling');
	await emulator.complete(emulator.tasks()[0]?.id ?? '');
	await editor.byId('node-run-status-success').waitFor();
	await hint.waitFor({ state: 'hidden' });
});
