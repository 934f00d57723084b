import {
	NodeHelpers,
	type INode,
	type INodeProperties,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

import { isFinished, type Execution } from '../harness/n8n/api';
import {
	startChatModel,
	type ChatAnswer,
	type ChatModel,
	type ChatRequest,
} from '../harness/n8n/chatModel';
import type { WorkflowJson } from '../harness/n8n/workflow';
import {
	EXAMPLES,
	EXAMPLES_FOLDER,
	readExample,
	withCredential,
	withModel,
	type ExampleNode,
} from '../harness/n8n/examples';
import { jsonOf, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

const STICKY_NOTE = 'n8n-nodes-base.stickyNote';
const CREDITS = 110;

const assignmentsSchema = z.object({
	assignments: z.object({
		assignments: z.array(z.object({ name: z.string(), value: z.unknown() }).passthrough()),
	}),
});
const nodeSchema = z.custom<INode>((value) => typeof value === 'object');
const descriptionSchema = z.custom<INodeTypeDescription>(
	(value) => typeof value === 'object' && value !== null && 'properties' in value,
);
const versionsSchema = z.object({ version: z.union([z.number(), z.array(z.number())]) });
const sizeSchema = z.object({ width: z.number(), height: z.number() });

const stage = useStage();

describe.each(EXAMPLES)('%s', (file) => {
	const example = readExample(file);
	const { nodes, connections } = example;

	test('has a name of its own, and nodes that are all connected', () => {
		expect(file).toMatch(/^[a-z]+(-[a-z]+)*$/);
		const names = nodes.map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
		expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
		const targets = Object.values(connections).flatMap((outputs) =>
			Object.values(outputs)
				.flat(2)
				.map((link) => link.node),
		);
		const serving = Object.entries(connections).flatMap(([name, { main }]) =>
			main === undefined ? [name] : [],
		);
		expect(names).toEqual(expect.arrayContaining([...Object.keys(connections), ...targets]));
		const loose = nodes.filter(
			({ name, type }) =>
				![...targets, ...serving].includes(name) && !/trigger$|webhook$|stickyNote$/i.test(type),
		);
		expect(loose).toEqual([]);
	});

	test('explains itself in one sticky note, and nothing lies on anything else', () => {
		const notes = nodes.filter(({ type }) => type === STICKY_NOTE);
		expect(notes).toHaveLength(1);
		for (const note of notes) {
			expect(note.parameters.content).toMatch(/\*\*To set:\*\*.*\*\*How it waits:\*\*/s);
		}
		const overlapping = nodes.filter((one) =>
			nodes.some((other) => one.id < other.id && overlap(one, other)),
		);
		expect(overlapping.map(({ name }) => name)).toEqual([]);
	});

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

test('no two examples listen at the same address', () => {
	const paths = EXAMPLES.flatMap((file) => readExample(file).nodes)
		.filter(({ type }) => type === 'n8n-nodes-base.webhook')
		.map(({ parameters }) => parameters.path);
	expect(new Set(paths).size).toBe(paths.length);
});

test('the README names every example', () => {
	const readme = readFileSync(join(EXAMPLES_FOLDER, 'README.md'), 'utf8');
	expect(EXAMPLES.filter((file) => !readme.includes(`(${file}.json)`))).toEqual([]);
});

/** Where the editor draws a node with its name, or a sticky note. */
function boxOf({ type, position: [left, top], parameters }: ExampleNode) {
	const size = type === STICKY_NOTE ? sizeSchema.parse(parameters) : { width: 160, height: 140 };
	return { left, top, right: left + size.width, bottom: top + size.height };
}

function overlap(one: ExampleNode, other: ExampleNode): boolean {
	const [a, b] = [boxOf(one), boxOf(other)];
	return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

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
}

let copies = 0;

/** An example with what a user sets: the credential, the settings, the address of its webhook. */
function copyOf(file: string, { settings = {}, parameters = {} }: Changes = {}): WorkflowJson {
	copies += 1;
	const example = readExample(file);
	const names = example.nodes.map(({ name }) => name);
	expect(names).toEqual(expect.arrayContaining(Object.keys(parameters)));
	if (Object.keys(settings).length > 0) expect(names).toContain('Settings');
	return withCredential(example, stage.credential, (node) => ({
		...(node.name === 'Settings' ? withSettings(node.parameters, settings) : {}),
		...(typeof node.parameters.path === 'string'
			? { path: `${node.parameters.path}-${copies}` }
			: {}),
		...parameters[node.name],
	}));
}

function withSettings(parameters: unknown, settings: Record<string, string>) {
	const { assignments } = assignmentsSchema.parse(parameters).assignments;
	expect(assignments.map(({ name }) => name)).toEqual(
		expect.arrayContaining(Object.keys(settings)),
	);
	return {
		assignments: {
			assignments: assignments.map((field) => ({
				...field,
				value: settings[field.name] ?? field.value,
			})),
		},
	};
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

function failedTask(index: number) {
	return {
		taskId: taskIds()[index],
		status: 'failed',
		videoUrl: null,
		failure: expect.objectContaining({ code: 'upstream_error' }),
	};
}

const ran = (execution: Execution) => Object.keys(execution.data.resultData.runData);

const runsOf = (execution: Execution, node: string) =>
	execution.data.resultData.runData[node]?.length ?? 0;

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

test('webhook-to-video answers with the task and looks at it until it is completed', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(copyOf('webhook-to-video'));
	const id = await start(order());
	await until(() => emulator.count({ route: 'getTask' }) > 0 || undefined);
	await emulator.complete(taskIds()[0] ?? '');
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Answer With the Task')).toMatchObject([{ taskId: taskIds()[0] }]);
	expect(jsonOf(done, n8n, 'Wait for Video')).toMatchObject([completedTask(0)]);
	expect(spent()).toBe(CREDITS);
});

test('schedule-to-video sleeps until the callback and tells a video from a failure', async () => {
	const { emulator, n8n } = stage;
	const { id } = await n8n.api.createWorkflow(
		copyOf('schedule-to-video', {
			settings: { imageUrl: emulator.imageUrl() },
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
	const finished = await Promise.all(
		executions.map(async (one) => await n8n.api.waitForExecution(one.id, { status: 'success' })),
	);
	const through = (node: string) =>
		finished
			.filter((execution) => ran(execution).includes(node))
			.flatMap((execution) => jsonOf(execution, n8n, node));
	expect(through('Use the Video')).toMatchObject([{ ...completedTask(0), timedOut: false }]);
	const failures = through('Handle the Failure').map(({ taskId, status }) => [taskId, status]);
	expect(failures.sort()).toEqual(others.map((taskId) => [taskId, 'failed']).sort());
	expect(finished.every((execution) => runsOf(execution, 'Wait for Video') === 1)).toBe(true);
	expect(spent()).toBe(CREDITS);
});

test('create-then-trigger ends at once, and each result starts the lower half', async () => {
	const { emulator, n8n } = stage;
	const { id, start } = await stage.publish(copyOf('create-then-trigger'));
	for (const given of [order(), { ...order(), reference: 'row 42' }]) {
		const created = await n8n.api.waitForExecution(await start(given), { status: 'success' });
		expect(jsonOf(created, n8n, 'Create Video')).toMatchObject([
			{ taskId: taskIds().at(-1), callback: 'trigger' },
		]);
	}
	const [first = '', second = ''] = taskIds();
	await emulator.complete(first);
	await passedThrough(id, 'Keep What Is Needed', 1);
	await emulator.fail(second, { code: 'upstream_error', message: 'Sensitive content' });
	const results = await passedThrough(id, 'Keep What Is Needed', 2);
	expect(results.flatMap((result) => jsonOf(result, n8n, 'Keep What Is Needed'))).toEqual([
		{ ...completedTask(0), reason: '', reference: null },
		{
			taskId: second,
			status: 'failed',
			videoUrl: null,
			reason: 'Sensitive content',
			reference: 'row 42',
		},
	]);
	expect(spent()).toBe(CREDITS);
});

test('two-workflows are joined by the address of the other one, which has to be set', async () => {
	const { emulator, n8n } = stage;
	const unset = await stage.publish(copyOf('two-workflows-create'));
	const refused = await n8n.api.waitForExecution(await unset.start(order()), { status: 'error' });
	expect(n8n.api.errorOf(refused, 'Create Video')?.message).toContain('<address-of-the-other');
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
		const created = await n8n.api.waitForExecution(await start(order()), { status: 'success' });
		expect(jsonOf(created, n8n, 'Create Video')).toMatchObject([
			{ taskId: taskIds()[count], callback: 'url', callbackUrl: triggerUrl },
		]);
	}
	const [first = '', second = ''] = taskIds();
	await emulator.complete(first);
	await emulator.fail(second);
	const [completed] = await passedThrough(trigger.id, 'Use the Video', 1);
	const [failed] = await passedThrough(trigger.id, 'Handle the Failure', 1);
	expect(completed && jsonOf(completed, n8n, 'Use the Video')).toMatchObject([completedTask(0)]);
	expect(failed && jsonOf(failed, n8n, 'Handle the Failure')).toMatchObject([failedTask(1)]);
	expect(await n8n.api.listExecutions(trigger.id)).toHaveLength(2);
	expect(spent()).toBe(CREDITS);
});

test('wait-loop goes round only when it has to', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(copyOf('wait-loop'));
	const id = await start(order());
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	await emulator.complete(taskIds()[0] ?? '');
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Use the Result')).toMatchObject([completedTask(0)]);
	expect(runsOf(done, 'Wait for Video')).toBe(1);
	expect(ran(done)).not.toContain('Are Rounds Left?');
});

test('wait-loop finishes every one whose callback came while n8n was down', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		copyOf('wait-loop', { parameters: { 'Wait for Video': { timeout: 1 } } }),
	);
	const ids: string[] = [];
	for (let count = 0; count < 3; count++) ids.push(await start(order()));
	for (const id of ids) await n8n.api.waitForExecution(id, { status: 'waiting' });
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
	expect(finished.flatMap((execution) => jsonOf(execution, n8n, 'Use the Result'))).toMatchObject([
		{ ...completedTask(0), timedOut: false },
		{ ...failedTask(1), timedOut: false },
		{ ...completedTask(2), timedOut: false },
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
	const done = await n8n.api.waitForExecution(await start(order()), { status: 'success' });
	expect(jsonOf(done, n8n, 'Give Up')).toMatchObject([
		{ taskId: taskIds()[0], videoUrl: null, timedOut: true },
	]);
	expect(runsOf(done, 'Wait for Video')).toBe(24);
	expect(ran(done)).not.toContain('Use the Result');
	expect(emulator.count({ route: 'create' })).toBe(1);
	expect(spent()).toBe(CREDITS);
});

/** The images of many-images, as its list is written. */
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
	const done = await n8n.api.waitForExecution(waiting.id, { status: 'success' });
	const completed = (taskId: string) => ({
		taskId,
		status: 'completed',
		videoUrl: expect.stringContaining(taskId),
		failure: null,
		timedOut: false,
	});
	expect(jsonOf(done, n8n, 'Make One List')).toEqual([
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

test('many-images creates nothing when the list costs more than Max Credits', async () => {
	const { emulator, n8n } = stage;
	const images = listOf(11);
	const refused = await stage.run(copyOf('many-images', { settings: { images } }), 'error');
	expect(n8n.api.errorOf(refused, 'Create Videos')?.message).toContain(
		"'Max Credits' is 1200, but 11 videos cost",
	);
	expect(emulator.count({ route: 'create' })).toBe(0);
	expect(spent()).toBe(0);
});

test('list-in-batches begins a batch when the one before it has ended, and passes on all', async () => {
	const { emulator, n8n } = stage;
	const parameters = { 'Next Ten': { batchSize: 2 } };
	const settings = { images: listOf(3) };
	const asleep = await stage.run(copyOf('list-in-batches', { settings, parameters }), 'waiting');
	expect(taskIds()).toHaveLength(2);
	const [first = '', second = ''] = taskIds();
	await emulator.complete(first);
	await emulator.fail(second);
	const third = await until(() => taskIds()[2]);
	await n8n.api.waitForExecution(asleep.id, { status: 'waiting' });
	await emulator.complete(third);
	const done = await n8n.api.waitForExecution(asleep.id, { status: 'success' });
	expect(runsOf(done, 'Create Video and Wait')).toBe(2);
	const results = jsonOf(done, n8n, 'Use All Results').map(({ taskId, status }) => [
		taskId,
		status,
	]);
	expect(Object.fromEntries(results)).toEqual({
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
	({ id: chatWorkflow } = await n8n.api.createWorkflow(withModel(json, id)));
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

test('failed-videos sends each end its own way', async () => {
	const { emulator, n8n } = stage;
	const settings = { imageUrl: emulator.imageUrl() };
	const run = async (end: (taskId: string) => Promise<void>) => {
		const waiting = await stage.run(copyOf('failed-videos', { settings }), 'waiting');
		await end(taskIds().at(-1) ?? '');
		return await n8n.api.waitForExecution(waiting.id, { status: 'success' });
	};
	const completed = await run(emulator.complete);
	expect(jsonOf(completed, n8n, 'Use the Video')).toMatchObject([completedTask(0)]);
	expect(ran(completed)).not.toContain('Handle the Failure');

	const failed = await run(emulator.fail);
	expect(jsonOf(failed, n8n, 'Handle the Failure')).toEqual([
		expect.objectContaining({ error: expect.stringContaining(taskIds()[1] ?? '') }),
	]);
	expect(ran(failed)).not.toContain('Use the Video');

	const parameters = { 'Create Video and Wait': { timeout: 0 } };
	const open = await stage.run(copyOf('failed-videos', { settings, parameters }), 'success');
	expect(jsonOf(open, n8n, 'Look Again Later')).toMatchObject([
		{ taskId: taskIds()[2], timedOut: true },
	]);
	expect(ran(open)).not.toContain('Handle the Failure');
	expect(spent()).toBe(2 * CREDITS);
});

test.each([
	['schedule-to-video', 'error', '<address-of-an-image>'],
	['many-images', 'error', '<address-of-the-first-image>'],
	['failed-videos', 'success', '<address-of-an-image>'],
] as const)(
	'%s says what is missing while nothing is set, and spends nothing',
	async (file, status, text) => {
		const { emulator, n8n } = stage;
		const execution = await stage.run(copyOf(file), status);
		const message =
			status === 'error'
				? execution.data.resultData.error?.message
				: jsonOf(execution, n8n, 'Handle the Failure')[0]?.error;
		expect(message).toContain(text);
		expect(emulator.count({ route: 'create' })).toBe(0);
	},
);
