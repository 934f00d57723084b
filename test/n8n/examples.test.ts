import {
	NodeHelpers,
	type INode,
	type INodeProperties,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

import { isFinished, type Execution } from '../harness/n8n/api';
import {
	startChatModel,
	type ChatAnswer,
	type ChatModel,
	type ChatRequest,
} from '../harness/n8n/chatModel';
import { items, set, type WorkflowJson } from '../harness/n8n/workflow';
import {
	EXAMPLES,
	readExample,
	withCredential,
	withForeignCredentials,
	withSettings,
	type ExampleNode,
} from '../harness/n8n/examples';
import { expectVideos, photo, runsOf, sha256, asset, type Upload } from '../harness/n8n/media';
import { createDataTable, openMcpSession, startTelegram } from '../harness/n8n/partners';
import { jsonOf, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

const CREDITS = 110;

const nodeSchema = z.custom<INode>((value) => typeof value === 'object');
const descriptionSchema = z.custom<INodeTypeDescription>(
	(value) => typeof value === 'object' && value !== null && 'properties' in value,
);
const versionsSchema = z.object({ version: z.union([z.number(), z.array(z.number())]) });

const stage = useStage();

describe.each(EXAMPLES)('%s', (file) => {
	const { nodes } = readExample(file);

	test('its nodes are there in this n8n, in that version, and know all their parameters', async () => {
		const types = await stage.n8n.api.nodeTypes();
		for (const node of nodes) {
			const ofThisName = types.filter((type) => type.name === node.type);
			const versions = ofThisName.flatMap((type) => versionsSchema.parse(type).version);
			expect([node.type, versions]).toEqual([
				node.type,
				expect.arrayContaining([node.typeVersion]),
			]);
			const type = ofThisName.find((candidate) =>
				[versionsSchema.parse(candidate).version].flat().includes(node.typeVersion),
			);
			const description = descriptionSchema.parse(type);
			expect([node.name, unknownParameters(node, description)]).toEqual([node.name, []]);
			expect([node.name, issuesOf(node, description)]).toEqual([node.name, null]);
		}
	});
});

/** The parameters as n8n keeps them: without those that the node does not know or would not show. */
function knownParameters(node: ExampleNode, description: INodeTypeDescription): unknown {
	const { parameters } = nodeSchema.parse(node);
	const { properties } = description;
	return NodeHelpers.getNodeParameters(properties, parameters, true, false, node, description);
}

function unknownParameters(node: ExampleNode, description: INodeTypeDescription): string[] {
	return missing(node.parameters, knownParameters(node, description));
}

/** What the first has and the second does not, as paths. */
function missing(given: unknown, known: unknown, path = ''): string[] {
	const parts = z.union([z.record(z.unknown()), z.array(z.unknown())]);
	const inGiven = parts.safeParse(given);
	if (!inGiven.success) return [];
	const inKnown = parts.safeParse(known);
	const values = new Map(inKnown.success ? Object.entries(inKnown.data) : []);
	return Object.entries(inGiven.data).flatMap(([key, value]) =>
		values.has(key) ? missing(value, values.get(key), `${path}.${key}`) : `${path}.${key}`,
	);
}

/** What the editor would warn of; the credential is the user's to choose. */
function issuesOf(node: ExampleNode, description: INodeTypeDescription): unknown {
	const properties: INodeProperties[] = description.properties;
	return NodeHelpers.getNodeParametersIssues(properties, nodeSchema.parse(node), description);
}

interface Changes {
	/** Fields of the node “Settings”. */
	settings?: Record<string, string>;
	/** Parameters of nodes, by name. */
	parameters?: Record<string, Record<string, unknown>>;
	/** Credentials for nodes of others, by type: their ids. */
	credentials?: Record<string, string>;
	/** Nodes that pass on what they get, since what they speak to is not there. */
	disabled?: readonly string[];
}

let copies = 0;

/** An example with what a user sets: the credential, the settings, the address of its webhook. */
function copyOf(file: string, changes: Changes = {}): WorkflowJson {
	const { settings = {}, parameters = {}, credentials = {}, disabled = [] } = changes;
	copies += 1;
	const example = readExample(file);
	const names = example.nodes.map(({ name }) => name);
	expect(names).toEqual(expect.arrayContaining([...Object.keys(parameters), ...disabled]));
	if (Object.keys(settings).length > 0) expect(names).toContain('Settings');
	const json = withCredential(example, stage.credential, (node) => ({
		...(node.name === 'Settings' ? withSettings(node.parameters, settings) : {}),
		...(typeof node.parameters.path === 'string'
			? { path: `${node.parameters.path}-${copies}` }
			: {}),
		...parameters[node.name],
	}));
	const nodes = json.nodes.map((node) =>
		disabled.includes(node.name) ? { ...node, disabled: true } : node,
	);
	return withForeignCredentials({ ...json, nodes }, credentials);
}

/** What the account has paid in the end; every task is charged when created, and failed ones are refunded. */
function spent(): number {
	const { balance, totalPurchased } = stage.emulator.account();
	return totalPurchased - balance;
}

const taskIds = () => stage.emulator.tasks().map(({ id }) => id);

/** The result of the task with this index, as it leaves a Kling node. */
function completedTask(index: number) {
	return {
		taskId: taskIds()[index],
		status: 'completed',
		videoUrl: expect.stringContaining(`/videos/${String(taskIds()[index])}/`),
	};
}

/** What the examples say of a video that is ready. */
const readyMessage = (index: number) => ({
	text: `Your video is ready: ${stage.emulator.url}/videos/${String(taskIds()[index])}/0.mp4`,
});

/** The execution, once it has ended well, or otherwise when that is what a test is about. */
const ended = async (id: string, status: Execution['status'] = 'success') =>
	await stage.n8n.api.waitForExecution(id, { status });

/** What the items of a node hold. */
const itemsOf = (execution: Execution, node: string) => jsonOf(execution, stage.n8n, node);

const ran = (execution: Execution) => Object.keys(execution.data.resultData.runData);

/** So many finished executions of a workflow that passed this node, oldest first. */
async function passedThrough(workflowId: string, node: string, count: number) {
	return await until(async () => {
		const { api } = stage.n8n;
		const finished = (await api.listExecutions(workflowId)).filter(({ status }) =>
			isFinished(status),
		);
		const executions = await Promise.all(
			finished.map(async ({ id }) => await api.getExecution(id)),
		);
		const passed = executions.filter((execution) => ran(execution).includes(node));
		return passed.length >= count ? passed.sort((a, b) => Number(a.id) - Number(b.id)) : undefined;
	});
}

/** The body that the examples' webhooks take. */
const order = () => ({ prompt: 'A cat turns its head', imageUrl: stage.emulator.imageUrl() });

/** What a user sets where there is nothing but a picture to set. */
const image = () => ({ settings: { imageUrl: stage.emulator.imageUrl() } });

test('first-video ends with the address of the video', async () => {
	const { emulator } = stage;
	const { id } = await stage.run(copyOf('first-video', image()), 'waiting');
	await emulator.complete(taskIds()[0] ?? '');
	const done = await ended(id);
	expect(itemsOf(done, 'Create Video and Wait')).toMatchObject([completedTask(0)]);
	expect(spent()).toBe(CREDITS);
});

test('webhook-to-video answers with the task at once, and each result starts the lower half', async () => {
	const { emulator, n8n } = stage;
	const json = copyOf('webhook-to-video');
	const { id } = await stage.publish(json);
	const url = n8n.webhookUrl(String(json.nodes[0]?.parameters.path));
	const call = async (body: unknown) => {
		const response = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
		return { status: response.status, body: await response.json() };
	};
	for (const given of [order(), { ...order(), reference: 'row 42' }]) {
		const taskId: unknown = expect.any(String);
		expect(await call(given)).toEqual({ status: 202, body: { taskId, status: 'pending' } });
	}
	expect(await call({ ...order(), prompt: '' })).toEqual({
		status: 400,
		body: { reason: expect.stringContaining("'Prompt' is empty") },
	});
	const [first = '', second = ''] = taskIds();
	await emulator.complete(first);
	await passedThrough(id, 'Keep What Is Needed', 1);
	await emulator.fail(second, { code: 'upstream_error', message: 'Sensitive content' });
	const results = await passedThrough(id, 'Keep What Is Needed', 2);
	expect(results.flatMap((result) => itemsOf(result, 'Keep What Is Needed'))).toEqual([
		{ ...completedTask(0), reason: '', reference: null },
		{
			taskId: second,
			status: 'failed',
			videoUrl: null,
			reason: 'Sensitive content',
			reference: 'row 42',
		},
	]);
	expect(taskIds()).toHaveLength(2);
	expect(spent()).toBe(CREDITS);
});

test('schedule-to-video sleeps until the callback and tells a video from a failure', async () => {
	const { emulator, n8n } = stage;
	const { id } = await n8n.api.createWorkflow(
		copyOf('schedule-to-video', {
			...image(),
			parameters: {
				'Every Day': { rule: { interval: [{ field: 'seconds', secondsInterval: 2 }] } },
			},
		}),
	);
	await n8n.api.activate(id);
	await until(async () => (await n8n.api.listExecutions(id)).length >= 2 || undefined);
	await n8n.api.deactivate(id);
	const executions = await until(async () => {
		const listed = await n8n.api.listExecutions(id);
		return listed.every(({ status }) => status === 'waiting') ? listed : undefined;
	});
	expect(taskIds()).toHaveLength(executions.length);

	const [first = '', ...others] = taskIds();
	await emulator.complete(first);
	for (const taskId of others) await emulator.fail(taskId);
	const messages = await passedThrough(id, 'Write a Message', 1);
	expect(messages.flatMap((execution) => itemsOf(execution, 'Write a Message'))).toEqual([
		readyMessage(0),
	]);
	const failures = await passedThrough(id, 'Stop With the Reason', others.length);
	expect(failures.map(({ data }) => data.resultData.error?.message).sort()).toEqual(
		others.map((taskId) => `Video ${taskId} failed: Video generation failed`).sort(),
	);
	expect(spent()).toBe(CREDITS);
});

test('two-workflows are joined by the address of the other one, which has to be set', async () => {
	const { emulator, n8n } = stage;
	const unset = await stage.publish(copyOf('two-workflows-create'));
	const refused = await ended(await unset.start(order()), 'error');
	expect(n8n.api.errorOf(refused, 'Create Video')?.message).toContain('address-of-the-other');
	expect(taskIds()).toEqual([]);

	const trigger = await n8n.api.createWorkflow(copyOf('two-workflows-trigger'));
	await n8n.api.activate(trigger.id);
	const triggerUrl = n8n.webhookUrl(`kling/${trigger.id}`);
	const { start } = await stage.publish(
		copyOf('two-workflows-create', {
			settings: { otherWorkflow: `${n8n.url}/workflow/${trigger.id}` },
		}),
	);
	for (let count = 0; count < 2; count++) {
		const created = await ended(await start(order()));
		expect(itemsOf(created, 'Create Video')).toMatchObject([
			{ taskId: taskIds()[count], callback: 'url', callbackUrl: triggerUrl },
		]);
	}
	const [first = '', second = ''] = taskIds();
	await emulator.complete(first);
	await emulator.fail(second);
	const [completed] = await passedThrough(trigger.id, 'Write a Message', 1);
	const [failed] = await passedThrough(trigger.id, 'Stop With the Reason', 1);
	expect(completed && itemsOf(completed, 'Write a Message')).toEqual([readyMessage(0)]);
	expect(failed?.data.resultData.error?.message).toBe(
		`Video ${second} failed: Video generation failed`,
	);
	expect(await n8n.api.listExecutions(trigger.id)).toHaveLength(2);
	expect(spent()).toBe(CREDITS);
});

test('wait-loop finishes every one whose callback came while n8n was down', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		copyOf('wait-loop', { parameters: { 'Wait for Video': { timeout: 1 } } }),
	);
	const ids: string[] = [];
	for (let count = 0; count < 3; count++) ids.push(await start(order()));
	for (const id of ids) await ended(id, 'waiting');
	await n8n.kill();
	const [first = '', second = '', third = ''] = taskIds();
	await emulator.complete(first);
	await emulator.fail(second);
	await emulator.complete(third);
	expect(
		emulator.tasks().flatMap(({ callbacks }) => callbacks.map(({ status }) => status)),
	).toEqual(expect.arrayContaining([null, null, null]));
	await n8n.restart();

	const finished = await Promise.all(
		ids.map(
			async (id) => await n8n.api.waitForExecution(id, { status: 'success', timeoutMs: 240_000 }),
		),
	);
	expect(finished.flatMap((execution) => itemsOf(execution, 'Keep What Is Needed'))).toMatchObject([
		{ ...completedTask(0), reason: '' },
		{ taskId: second, status: 'failed', videoUrl: null, reason: 'Video generation failed' },
		{ ...completedTask(2), reason: '' },
	]);
	for (const execution of finished) {
		expect(runsOf(execution, 'Create Video')).toBe(1);
		expect(runsOf(execution, 'Wait for Video')).toBe(2);
		expect(ran(execution)).not.toContain('Give Up');
	}
	expect(taskIds()).toHaveLength(3);
	expect(spent()).toBe(2 * CREDITS);
});

test('wait-loop gives up after many rounds, and the task id is not lost', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		copyOf('wait-loop', { parameters: { 'Wait for Video': { timeout: 0 } } }),
	);
	const done = await ended(await start(order()), 'error');
	expect(n8n.api.errorOf(done, 'Give Up')?.message).toBe(
		`Video ${String(taskIds()[0])} is not ready after 24 rounds`,
	);
	expect(runsOf(done, 'Wait for Video')).toBe(24);
	expect(ran(done)).not.toContain('Keep What Is Needed');
	expect(emulator.count({ route: 'create' })).toBe(1);
	expect(spent()).toBe(CREDITS);
});

/** A list of images, as “Settings” has it. */
const listOf = (count: number) =>
	JSON.stringify(
		Array.from({ length: count }, (_, index) => stage.emulator.imageUrl(`photo-${index}.jpg`)),
	);

test('many-images gives one list of results, in the order of the images', async () => {
	const { emulator, n8n } = stage;
	const images = listOf(4);
	const waiting = await stage.run(copyOf('many-images', { settings: { images } }), 'waiting');
	expect(spent()).toBe(4 * CREDITS);
	// They are created at the same time, so in any order: what counts is the image.
	const byImage = [...emulator.tasks()].sort((a, b) =>
		String(a.imageUrls[0]).localeCompare(String(b.imageUrls[0])),
	);
	const [first = '', second = '', third = '', fourth = ''] = byImage.map(({ id }) => id);
	await emulator.complete(fourth);
	await emulator.fail(second);
	await emulator.complete(first);
	expect((await n8n.api.getExecution(waiting.id)).status).toBe('waiting');
	await emulator.complete(third);
	const done = await ended(waiting.id);
	const completed = (taskId: string) => ({
		taskId,
		status: 'completed',
		videoUrl: expect.stringContaining(taskId),
		failure: null,
		timedOut: false,
	});
	expect(itemsOf(done, 'Make One List')).toEqual([
		{
			videos: [
				completed(first),
				{
					taskId: second,
					status: 'failed',
					videoUrl: null,
					failure: expect.objectContaining({ code: 'upstream_error' }),
					timedOut: false,
				},
				completed(third),
				completed(fourth),
			],
		},
	]);
	expect(spent()).toBe(3 * CREDITS);
});

const resultsSchema = z.object({
	videos: z.array(z.object({ taskId: z.string(), status: z.string() })),
});

test('list-in-batches begins a batch when the one before it has ended, and passes on all', async () => {
	const { emulator } = stage;
	const parameters = { 'Next Ten': { batchSize: 2 } };
	const settings = { images: listOf(3) };
	const asleep = await stage.run(copyOf('list-in-batches', { settings, parameters }), 'waiting');
	expect(taskIds()).toHaveLength(2);
	const [first = '', second = ''] = taskIds();
	await emulator.complete(first);
	await emulator.fail(second);
	const third = await until(() => taskIds()[2]);
	await ended(asleep.id, 'waiting');
	await emulator.complete(third);
	const done = await ended(asleep.id);
	expect(runsOf(done, 'Create Video and Wait')).toBe(2);
	const [list] = itemsOf(done, 'Make One List');
	const { videos } = resultsSchema.parse(list);
	expect(Object.fromEntries(videos.map(({ taskId, status }) => [taskId, status]))).toEqual({
		[first]: 'completed',
		[second]: 'failed',
		[third]: 'completed',
	});
	expect(spent()).toBe(2 * CREDITS);
});

test('chat-agent starts a video and answers at once, and tells later how far it has come', async () => {
	const { emulator, n8n } = stage;
	const model = await startChatModel((request) => videoAgent(request));
	try {
		const say = await openChat(model);
		const [create, status] = ['Create_video_from_image_in_Kling', 'Get_video_status_in_Kling'];
		expect(await say(`Animate ${emulator.imageUrl()}, please`)).toMatch(
			/^The tool said: .*"pending/,
		);
		const offered = model.requests[0]?.tools.map((tool) => tool.function.name);
		expect(offered?.sort()).toEqual([create, status]);
		expect(emulator.tasks()).toMatchObject([{ duration: 5, sound: false }]);
		expect(emulator.tasks()[0]?.callbackUrl).toBeUndefined();

		await emulator.complete(taskIds()[0] ?? '');
		expect(await say('Is it ready?')).toContain(`/videos/${String(taskIds()[0])}/0.mp4`);
		expect(emulator.count({ route: 'create' })).toBe(1);
		expect(spent()).toBe(CREDITS);
		expect(JSON.stringify(model.requests)).not.toContain(emulator.apiKey);
	} finally {
		await model.stop();
		await n8n.api.deactivate(chatWorkflow);
	}
});

const TASK_ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** Plays the model: calls the tool that the user's last words want, and repeats what it said. */
function videoAgent({ messages }: ChatRequest): ChatAnswer {
	const text = ({ content }: ChatRequest['messages'][number]) =>
		typeof content === 'string' ? content : JSON.stringify(content);
	const last = messages.at(-1);
	if (last?.role === 'tool') return { text: `The tool said: ${text(last)}` };
	const taskId = TASK_ID.exec(messages.map(text).join(' '))?.[0];
	if (taskId !== undefined) return { tool: 'Get_video_status_in_Kling', arguments: { taskId } };
	const imageUrl = /http:\S+jpg/.exec(last === undefined ? '' : text(last))?.[0];
	return {
		tool: 'Create_video_from_image_in_Kling',
		arguments: { prompt: 'The cat blinks', imageUrl, seconds: 5, sound: false },
	};
}

let chatWorkflow = '';

/** Publishes the chat, with the scripted model in the place of the real one. */
async function openChat(model: ChatModel): Promise<(message: string) => Promise<string>> {
	const { n8n } = stage;
	const id = await n8n.api.createCredential({
		name: 'Scripted model',
		type: 'openAiApi',
		data: { apiKey: 'none', url: model.url },
	});
	const json = copyOf('chat-agent', {
		parameters: {
			'When a Message Arrives': { public: true },
			'Chat Model': { responsesApiEnabled: false },
		},
	});
	const chat = json.nodes.find(({ type }) => type.endsWith('chatTrigger'));
	({ id: chatWorkflow } = await n8n.api.createWorkflow(
		withForeignCredentials(json, { openAiApi: id }),
	));
	await n8n.api.activate(chatWorkflow);
	const url = n8n.webhookUrl(`${chat?.webhookId ?? ''}/chat`);
	return async (chatInput) => {
		const response = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ action: 'sendMessage', sessionId: 'one', chatInput }),
		});
		return z.object({ output: z.string() }).parse(await response.json()).output;
	};
}

test('mcp-server offers two tools: one starts a video, one tells how far it has come', async () => {
	const { emulator, n8n } = stage;
	const token = 'a-token-of-my-own';
	const httpBearerAuth = await n8n.api.createCredential({
		name: 'MCP token',
		type: 'httpBearerAuth',
		data: { token },
	});
	const json = copyOf('mcp-server', { credentials: { httpBearerAuth } });
	const { id } = await n8n.api.createWorkflow(json);
	await n8n.api.activate(id);
	const path = String(json.nodes[0]?.parameters.path);
	const url = n8n.webhookUrl(path).replace('/webhook/', '/mcp/');
	await expect(openMcpSession(url, 'a guess')).rejects.toThrow('answered 403');

	const mcp = await openMcpSession(url, token);
	const { tools } = toolsSchema.parse(await mcp('tools/list'));
	expect(tools.map(({ name }) => name).sort()).toEqual([
		'Create_video_from_image_in_Kling',
		'Get_video_status_in_Kling',
	]);
	const use = async (name: string, args: Record<string, unknown>) =>
		JSON.stringify(await mcp('tools/call', { name, arguments: args }));
	const created = await use('Create_video_from_image_in_Kling', {
		prompt: 'The cat blinks',
		imageUrl: emulator.imageUrl(),
		seconds: 5,
		sound: false,
	});
	const [taskId = 'no task'] = taskIds();
	expect(created).toContain(taskId);
	await emulator.complete(taskId);
	expect(await use('Get_video_status_in_Kling', { taskId })).toContain(`/videos/${taskId}/0.mp4`);
	expect(spent()).toBe(CREDITS);
	await n8n.api.deactivate(id);
});

const toolsSchema = z.object({ tools: z.array(z.object({ name: z.string() })) });

test('failed-videos sends each end its own way', async () => {
	const { emulator } = stage;
	const run = async (end: (taskId: string) => Promise<void>, timeout = 60) => {
		const parameters = { 'Create Video and Wait': { timeout } };
		const waiting = await stage.run(copyOf('failed-videos', { ...image(), parameters }), 'waiting');
		await end(taskIds().at(-1) ?? '');
		return await ended(waiting.id);
	};
	const completed = await run(emulator.complete);
	expect(itemsOf(completed, 'Message With the Link')).toEqual([readyMessage(0)]);
	expect(ran(completed)).not.toContain('Message With the Reason');

	const failed = await run(emulator.fail);
	expect(itemsOf(failed, 'Message With the Reason')).toEqual([
		{ text: expect.stringMatching(/^No video: .*/) },
	]);
	expect(JSON.stringify(itemsOf(failed, 'Message With the Reason'))).toContain(taskIds()[1]);
	expect(ran(failed)).not.toContain('Message With the Link');

	const late = await run(emulator.complete, 0);
	expect(runsOf(late, 'Wait Longer')).toBe(1);
	expect(itemsOf(late, 'Message With the Link')).toEqual([readyMessage(2)]);
	expect(spent()).toBe(2 * CREDITS);
});

describe('form-upload-to-video', () => {
	const NO_PICTURE: Upload = {
		content: asset('animation.gif'),
		fileName: 'photo.jpg',
		type: 'image/jpeg',
	};
	let formUrl = '';

	beforeAll(async () => {
		const { api, url } = stage.n8n;
		const json = copyOf('form-upload-to-video', {
			parameters: { 'Upload Form': { options: { path: 'the-form' } } },
		});
		const { id } = await api.createWorkflow(json);
		await api.activate(id);
		formUrl = `${url}/form/the-form`;
	});

	/** Fills in the form; gives the address of the page that the browser then waits at. */
	async function submit({ content, fileName, type }: Upload, prompt = 'A cat'): Promise<string> {
		const form = new FormData();
		form.append('field-0', new Blob([content], { type }), fileName);
		form.append('field-1', prompt);
		const response = await fetch(formUrl, { method: 'POST', body: form });
		return z.object({ formWaitingUrl: z.string() }).parse(await response.json()).formWaitingUrl;
	}

	/** What the page shows in the end: it asks for the state of the execution, and goes on when told. */
	async function pageAfter(address: string): Promise<string> {
		const status = new URL(address);
		status.pathname += '/n8n-execution-status';
		await until(async () =>
			(await (await fetch(status)).text()) === 'form-waiting' ? true : undefined,
		);
		return await (await fetch(address)).text();
	}

	const onlyTask = async () => await until(() => taskIds()[0]);

	test('shows a form with a file to choose, and hands over the video on the same page', async () => {
		const { emulator } = stage;
		const form = await (await fetch(formUrl)).text();
		expect(form).toContain('Turn a Picture Into a Video');
		expect(form).toContain('.jpg,.jpeg,.png,.webp');
		const page = await submit(photo('photo.png'));
		const taskId = await onlyTask();
		await emulator.complete(taskId);
		expect(emulator.tasks()).toMatchObject([
			{ images: [{ ok: true, sha256: sha256(asset('photo.png')) }] },
		]);
		const shown = await pageAfter(page);
		expect(shown).toContain('Your video is ready');
		expect(shown).toContain(`${taskId}.mp4`);
		expect(spent()).toBe(CREDITS);
	});

	test('says what went wrong: a picture that is none, a video that failed', async () => {
		const { emulator } = stage;
		expect(await pageAfter(await submit(NO_PICTURE))).toContain('which is not a JPEG');
		expect(emulator.requests).toEqual([]);
		const page = await submit(photo());
		const taskId = await onlyTask();
		await emulator.fail(taskId);
		expect(await pageAfter(page)).toContain(taskId);
		expect(spent()).toBe(0);
	});

	test('gives the address of a video that cannot be downloaded', async () => {
		const page = await submit(photo(), 'A cat [video:404]');
		const taskId = await onlyTask();
		await stage.emulator.complete(taskId);
		expect(await pageAfter(page)).toContain(`/videos/${taskId}/0.mp4`);
	});
});

describe('video-to-file', () => {
	const folderOf = (name: string) => join(stage.n8n.userFolder, '.n8n-files', name);
	const start = async (folder: string, status: Execution['status'], prompt = 'A cat') => {
		const settings = { prompt, folder, imageUrl: stage.emulator.imageUrl() };
		return await stage.run(copyOf('video-to-file', { settings }), status);
	};

	test('leaves the video on disk, named after its task', async () => {
		const { emulator } = stage;
		mkdirSync(folderOf('there'), { recursive: true });
		const waiting = await start(folderOf('there'), 'waiting');
		const [taskId = ''] = taskIds();
		await emulator.complete(taskId);
		const done = await ended(waiting.id);
		const fileName = join(folderOf('there'), `${taskId}.mp4`);
		expect(itemsOf(done, 'Save to Disk')).toMatchObject([{ taskId, fileName }]);
		expect(sha256(readFileSync(fileName))).toBe(await emulator.videoSha256(taskId));
		expect(spent()).toBe(CREDITS);
	});

	test('pays nothing while the folder is not there', async () => {
		const { emulator, n8n } = stage;
		const refused = await start(folderOf('missing'), 'error');
		expect(n8n.api.errorOf(refused, 'Try the Folder')).toBeDefined();
		expect(existsSync(folderOf('missing'))).toBe(false);
		expect(emulator.count({ route: 'create' })).toBe(0);
	});

	test('names the task of a video that cannot be downloaded', async () => {
		const { emulator } = stage;
		mkdirSync(folderOf('there'), { recursive: true });
		const waiting = await start(folderOf('there'), 'waiting', 'A cat [video:404]');
		const [taskId = ''] = taskIds();
		await emulator.complete(taskId);
		const done = await ended(waiting.id, 'error');
		expect(done.data.resultData.error?.message).toMatch(
			new RegExp(`^No file for video ${taskId}: .*404`),
		);
	});
});

test('video-to-drive-and-youtube brings the file to both', async () => {
	const { emulator, n8n } = stage;
	const targets = ['Save to Google Drive', 'Upload to YouTube'];
	const json = copyOf('video-to-drive-and-youtube', { ...image(), disabled: targets });
	const waiting = await stage.run(json, 'waiting');
	const [taskId = ''] = taskIds();
	await emulator.complete(taskId);
	const done = await ended(waiting.id);
	for (const target of targets) {
		const [item] = n8n.api.outputOf(done, target);
		expect(item?.json).toMatchObject(completedTask(0));
		await expectVideos(stage, item, taskId, { data: 0 });
	}
	expect(spent()).toBe(CREDITS);
});

/** n8n takes any other caller for a bot that looks at a message. */
const BROWSER =
	'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

test('approve-before-paying pays after a yes, and nothing after a no', async () => {
	const { emulator, n8n } = stage;
	const telegram = await startTelegram();
	try {
		const telegramApi = await n8n.api.createCredential({
			name: 'Telegram',
			type: 'telegramApi',
			data: { accessToken: 'none', baseUrl: telegram.url },
		});
		const ask = async () =>
			await stage.run(
				copyOf('approve-before-paying', { ...image(), credentials: { telegramApi } }),
				'waiting',
			);
		const answer = async (button: string) => {
			const url = telegram.messages.at(-1)?.buttons[button] ?? '';
			const page = await fetch(url, { headers: { 'user-agent': BROWSER } });
			expect(page.ok).toBe(true);
		};
		const refused = await ask();
		expect(telegram.messages.at(-1)?.text).toContain('for about 110 credits?');
		await answer('No');
		await ended(refused.id);
		expect(telegram.messages.at(-1)?.text).toBe('All right. Nothing was spent.');
		expect(emulator.count({ route: 'create' })).toBe(0);

		const agreed = await ask();
		await answer('Yes');
		await emulator.complete(await until(() => taskIds()[0]));
		await ended(agreed.id);
		expect(telegram.messages.at(-1)?.text).toContain(`/videos/${String(taskIds()[0])}/0.mp4`);
		expect(spent()).toBe(CREDITS);
	} finally {
		await telegram.stop();
	}
});

test('recover-videos gets videos from the lines of a log, and pays nothing', async () => {
	const { emulator, n8n } = stage;
	const settings = { images: listOf(3) };
	const asleep = await stage.run(copyOf('many-images', { settings }), 'waiting');
	const [first = '', second = '', third = ''] = taskIds();
	await emulator.complete(first);
	await emulator.fail(second);
	await n8n.api.stopExecution(asleep.id);
	const paid = spent();

	const log = n8n.log();
	const lines =
		log.slice(log.lastIndexOf('\n', log.indexOf(first))) + '\n00000000-0000-4000-8000-000000000000';
	const done = await stage.run(copyOf('recover-videos', { settings: { lines } }), 'success');
	const found = itemsOf(done, 'Get Video');
	const statusOf = (taskId: string) =>
		found.filter((item) => item.taskId === taskId).map(({ status }) => status);
	expect([first, second, third].map(statusOf)).toEqual([['completed'], ['failed'], ['processing']]);
	expect(found.at(-1)?.error).toContain('00000000-0000-4000-8000-000000000000');
	expect(emulator.count({ route: 'create' })).toBe(3);
	expect(spent()).toBe(paid);
});

describe('table-to-videos', () => {
	const COLUMNS = ['image', 'prompt', 'status', 'run', 'taskId', 'videoUrl', 'reason'];
	let tables = 0;

	const tableWith = async (prompts: readonly string[]) => {
		tables += 1;
		const table = await createDataTable(stage.n8n, `Products ${tables}`, COLUMNS);
		const image = stage.emulator.imageUrl();
		await table.insert(prompts.map((prompt) => ({ image, prompt, status: 'todo' })));
		return table;
	};
	const workflowFor = async (table: string) =>
		(await stage.n8n.api.createWorkflow(copyOf('table-to-videos', { settings: { table } }))).id;
	const taskOf = (prompt: string) =>
		stage.emulator.tasks().find((task) => task.prompt === prompt)?.id ?? '';

	test('writes task, status and video of each row back into it', async () => {
		const { emulator, n8n } = stage;
		const table = await tableWith(['One', 'Two', '']);
		const run = await n8n.api.runWorkflow(await workflowFor(table.id));
		await ended(run, 'waiting');
		expect(await table.rows()).toMatchObject([
			{ status: 'creating', taskId: taskOf('One') },
			{ status: 'creating', taskId: taskOf('Two') },
			{ status: 'creating' },
		]);
		await emulator.complete(taskOf('One'));
		await emulator.fail(taskOf('Two'));
		await ended(run);
		expect(await table.rows()).toMatchObject([
			{ status: 'completed', videoUrl: expect.stringContaining(taskOf('One')), reason: '' },
			{ status: 'failed', videoUrl: '', reason: 'Video generation failed' },
			{ status: 'failed', taskId: null, reason: expect.stringContaining("'Prompt' is empty") },
		]);
		expect(spent()).toBe(CREDITS);
	});

	test('pays each row once, though it is started three times at the same moment and once more', async () => {
		const { emulator, n8n } = stage;
		const prompts = Array.from({ length: 8 }, (_, index) => `Row ${index}`);
		const table = await tableWith(prompts);
		const id = await workflowFor(table.id);
		const runs = await Promise.all([1, 2, 3].map(async () => await n8n.api.runWorkflow(id)));
		await until(async () => {
			const rows = await table.rows();
			return rows.every(({ taskId }) => taskId !== null) || undefined;
		});
		const again = await n8n.api.runWorkflow(id);
		await ended(again);
		for (const prompt of prompts) await emulator.complete(taskOf(prompt));
		for (const run of runs) await ended(run);
		expect(
			emulator
				.tasks()
				.map(({ prompt }) => prompt)
				.sort(),
		).toEqual(prompts);
		expect((await table.rows()).map(({ status, taskId }) => [status, taskId])).toEqual(
			prompts.map((prompt) => ['completed', taskOf(prompt)]),
		);
		expect(spent()).toBe(8 * CREDITS);
	});

	test('looks again at rows whose run was stopped', async () => {
		const { emulator, n8n } = stage;
		const table = await tableWith(['One']);
		const id = await workflowFor(table.id);
		const stopped = await n8n.api.runWorkflow(id);
		await ended(stopped, 'waiting');
		await n8n.api.stopExecution(stopped);
		await emulator.complete(taskOf('One'));
		await n8n.api.waitForExecution(await n8n.api.runWorkflow(id), { status: 'success' });
		expect(await table.rows()).toMatchObject([
			{ status: 'completed', videoUrl: expect.stringContaining(taskOf('One')) },
		]);
		expect(emulator.count({ route: 'create' })).toBe(1);
	});
});

/** The values that a node of Google Sheets writes into a row. */
const columnsSchema = z.object({
	columns: z.object({
		value: z.record(z.string()),
		matchingColumns: z.tuple([z.literal('row_number')]),
	}),
});

test('google-sheet-to-videos makes a video of each row, and writes to the row that it came from', async () => {
	const { emulator, n8n } = stage;
	const row = (number: number, prompt: string) => ({
		row_number: number,
		image: emulator.imageUrl(),
		prompt,
		status: 'todo',
	});
	const json = copyOf('google-sheet-to-videos');
	// Google is not there: its nodes give rows, and show what they would write.
	const nodes = json.nodes.map((node) => {
		if (node.type !== 'n8n-nodes-base.googleSheets') return node;
		if (node.parameters.operation === 'read') {
			return { ...node, ...items([row(2, 'One'), row(4, ''), row(7, 'Two')]) };
		}
		const { columns } = columnsSchema.parse(node.parameters);
		return { ...node, ...set(columns.value, { keepOthers: false }) };
	});
	const { id } = await stage.run({ ...json, nodes }, 'waiting');
	const taskOf = (prompt: string) =>
		emulator.tasks().find((task) => task.prompt === prompt)?.id ?? '';
	await emulator.complete(taskOf('One'));
	await emulator.fail(taskOf('Two'));
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Write the Task ID')).toEqual([
		{ row_number: '2', status: 'creating', taskId: taskOf('One') },
		{ row_number: '7', status: 'creating', taskId: taskOf('Two') },
	]);
	expect(jsonOf(done, n8n, 'Write the Reason')).toEqual([
		{ row_number: '4', status: 'failed', reason: expect.stringContaining("'Prompt' is empty") },
	]);
	expect(jsonOf(done, n8n, 'Write the Result')).toEqual([
		{
			row_number: '2',
			status: 'completed',
			videoUrl: expect.stringContaining(taskOf('One')),
			reason: '',
		},
		{ row_number: '7', status: 'failed', videoUrl: '', reason: 'Video generation failed' },
	]);
	expect(spent()).toBe(CREDITS);
});

test.each([
	['first-video', 'address-of-an-image'],
	['schedule-to-video', 'address-of-an-image'],
	['many-images', 'address-of-the-first-image'],
	['video-to-drive-and-youtube', 'address-of-an-image'],
	['approve-before-paying', 'address-of-an-image'],
])('%s says what is missing while nothing is set, and spends nothing', async (file, text) => {
	const { emulator } = stage;
	const execution = await stage.run(copyOf(file), 'error');
	expect(execution.data.resultData.error?.message).toContain(text);
	expect(emulator.count({ route: 'create' })).toBe(0);
});
