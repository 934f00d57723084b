import { useBrowserStage } from '../harness/browser/stage';
import { eventually } from '../harness/browser/seen';

const stage = useBrowserStage();

const WORDS = [
	'kling',
	'video',
	'image to video',
	'image-to-video',
	'img2video',
	'i2v',
	'video generator',
	'ai generated video',
	'wait for video',
	'reels',
	'tiktok',
	'animate photo',
	'AI video',
	'generate video',
	'picture to video',
	'photo to video',
	'reel',
	'short',
	'generative',
	'mp4',
];

test('the list of nodes has it under the words people type', async () => {
	const { editor } = stage;
	await editor.newWorkflow();
	await editor.openNodeCreator();
	for (const word of WORDS) {
		await editor.searchNodes('');
		await editor.searchNodes(word);
		await eventually(async () => {
			const names = await editor.listed.allInnerTexts();
			expect([word, names.slice(0, 5)]).toEqual([word, expect.arrayContaining(['Kling'])]);
		});
	}
	await stage.picture('node-creator');
});

test('an action is added with its operation chosen', async () => {
	const { editor } = stage;
	await editor.newWorkflow();
	await editor.openNodeCreator();
	await editor.page.getByText('Trigger manually').click();
	await editor.node('When clicking ‘Execute workflow’').waitFor();
	await editor.openNodeCreator();
	await editor.searchNodes('kling');
	await editor.listed.getByText('Kling', { exact: true }).click();
	await editor.listed.getByText('Create video from image and wait').click();
	await editor.parameters.waitFor();
	await eventually(async () => {
		expect(await editor.input('operation').locator('input').inputValue()).toBe(
			'Create Video and Wait',
		);
	});
	await stage.picture('empty-panel');
});

test('a key that does not work is refused with the cause', async () => {
	const { editor } = stage;
	await editor.byId('node-credentials-select').click();
	await editor.byId('node-credentials-select-item-new').click();
	await editor.fill('apiKey', 'sk-disabled');
	await editor.fill('baseUrl', stage.emulator.url);
	await editor.byId('credential-save-button').click();
	const dialog = editor.byId('editCredential-modal');
	await dialog.getByText('More details').click();
	await dialog.getByText('The API refused the key (401)').waitFor();
	await stage.picture('credential-refused');
	expect(await dialog.innerText()).not.toContain('sk-disabled');

	await editor.fill('apiKey', 'sk-blocked-ip');
	await editor.byId('credential-save-button').click();
	await dialog.getByText('may not be used from this address (403)').waitFor();

	for (const [address, cause] of [
		[`${stage.emulator.url}/elsewhere`, 'There is nothing at this address (404)'],
		[stage.emulator.url.replace('http://', ''), 'does not begin with https://'],
		['http://127.0.0.1:1', 'ECONNREFUSED'],
	] as const) {
		await editor.fill('baseUrl', address);
		await editor.byId('credential-save-button').click();
		await eventually(async () => {
			expect([address, await dialog.innerText()]).toEqual([
				address,
				expect.stringContaining(cause),
			]);
		});
	}
	await editor.fill('baseUrl', stage.emulator.url);

	for (const [http, cause] of [
		['429-rate', 'The API had too many requests (429)'],
		['503', 'The API is not available just now (503)'],
	] as const) {
		stage.emulator.fault({ match: { method: 'GET' }, fault: { http }, times: 'always' });
		await editor.fill('apiKey', `sk-${http}`);
		await editor.byId('credential-save-button').click();
		await dialog.getByText(cause).waitFor();
		stage.emulator.clearFaults();
	}
	const dashboard = dialog.getByRole('link', { name: 'AI Video API' });
	expect(await dashboard.getAttribute('href')).toBe('https://aivideoapi.ai');
	await stage.picture('credential-later');
});

test('a key that works is accepted', async () => {
	const { editor } = stage;
	await editor.fill('apiKey', stage.emulator.apiKey);
	await editor.byId('credential-save-button').click();
	// n8n closes the dialog when the test of a new credential passes.
	await editor.byId('editCredential-modal').waitFor({ state: 'hidden' });
	await editor.byId('credential-edit-button').click();
	await editor.page.getByText('Connection tested successfully').waitFor();
	await stage.picture('credential-accepted');
	await editor.byId('editCredential-modal').getByRole('button', { name: /close/i }).click();
	await editor.byId('editCredential-modal').waitFor({ state: 'hidden' });
});

test('the form is filled in, the step runs, sleeps, and shows the video', async () => {
	const { editor, emulator } = stage;
	emulator.setPace(Infinity);
	await editor.fill('prompt', 'The cat turns its head and blinks slowly');
	await editor.fill('imageUrls', emulator.imageUrl());
	await editor.choose('duration', '10 Seconds');
	await editor.executeStep();
	await editor.output.getByText('Waiting for the AI Video API to report').waitFor();
	await editor.dismissToasts();
	await stage.picture('waiting');

	const [task] = emulator.tasks();
	expect(task).toMatchObject({ duration: 10, sound: false, charged: 220 });
	await emulator.complete(task?.id ?? '');
	await editor.byId('node-run-status-success').waitFor();
	await editor.show('table');
	await editor.output
		.getByText(`${task?.id ?? ''}/0.mp4`)
		.first()
		.waitFor();
	expect(await editor.output.locator('th').allInnerTexts()).toEqual(
		expect.arrayContaining(['taskId', 'status', 'videoUrl', 'estimatedCredits']),
	);
	await editor.dismissToasts();
	await stage.picture('first-video');
	expect(emulator.tasks()).toHaveLength(1);
});
