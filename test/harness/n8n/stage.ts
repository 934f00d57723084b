import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { startEmulator, type Emulator, type EmulatorOptions } from '../../emulator';
import { isFinished, type Execution } from './api';
import { startN8n, type InstanceOptions, type N8nInstance } from './instance';
import { packPackage } from './package';
import {
	items,
	kling,
	klingTrigger,
	manualTrigger,
	webhook,
	workflow,
	type NodeSettings,
	type NodeSpec,
	type WorkflowJson,
} from './workflow';

const optionsSchema = z.record(z.unknown()).default({});

/** A real n8n with the packed package, and the emulated API it speaks to. */
export interface Stage {
	readonly emulator: Emulator;
	readonly n8n: N8nInstance;
	/** The id of a credential that works. */
	readonly credential: string;
	/** A Kling node with that credential. */
	kling(parameters: Record<string, unknown>, settings?: NodeSettings): NodeSpec;
	/** A Kling Trigger with that credential. */
	trigger(parameters?: Record<string, unknown>): NodeSpec;
	/**
	 * A Create with a real image, unless told otherwise; it sends one request after the other, so that
	 * tasks are created in the order of their items.
	 */
	creates(parameters?: Record<string, unknown>, settings?: NodeSettings): NodeSpec;
	/** Saves a workflow, runs it by hand and waits until it is finished, or as `status` says. */
	run(workflow: WorkflowJson, status?: Execution['status']): Promise<Execution>;
	/** Saves and activates a workflow that starts by a webhook; calls give the execution's id. */
	publish(workflow: WorkflowJson): Promise<Published>;
	stop(): Promise<void>;
}

export interface Published {
	readonly id: string;
	/** Calls the workflow's webhook, which must answer at once, and gives the new execution's id. */
	start(body?: unknown): Promise<string>;
}

export interface StageOptions {
	emulator?: EmulatorOptions;
	n8n?: InstanceOptions;
}

/** Starts both. Call `stop()` whatever happens. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
	const emulator = await startEmulator({ paceMs: 300, ...options.emulator });
	try {
		const n8n = await startN8n({ tarball: await packPackage(), ...options.n8n });
		return await stageOn(emulator, n8n);
	} catch (error) {
		await emulator.stop();
		throw error;
	}
}

/** The stage on an n8n that runs already; `stop()` ends it too, and so does a failure here. */
export async function stageOn(emulator: Emulator, n8n: N8nInstance): Promise<Stage> {
	try {
		const credential = await n8n.api.createCredential({
			name: 'AI Video API',
			type: 'aiVideoApi',
			data: { apiKey: emulator.apiKey, baseUrl: emulator.url },
		});
		return stageOf(emulator, n8n, credential);
	} catch (error) {
		await n8n.stop();
		throw error;
	}
}

function stageOf(emulator: Emulator, n8n: N8nInstance, credential: string): Stage {
	const ownKling = (parameters: Record<string, unknown>, settings?: NodeSettings) =>
		kling(parameters, credential, settings);
	return {
		emulator,
		n8n,
		credential,
		kling: ownKling,
		trigger: (parameters = {}) => klingTrigger(parameters, credential),
		creates: ({ options, ...parameters } = {}, settings) =>
			ownKling(
				{
					operation: 'create',
					prompt: 'A cat turns its head',
					imageUrls: emulator.imageUrl(),
					...parameters,
					options: { concurrency: 1, ...optionsSchema.parse(options) },
				},
				settings,
			),
		run: async (json, status) => {
			const { id } = await n8n.api.createWorkflow(json);
			const executionId = await n8n.api.runWorkflow(id);
			return await n8n.api.waitForExecution(executionId, { status });
		},
		publish: async (json) => {
			const { id } = await n8n.api.createWorkflow(json);
			await n8n.api.activate(id);
			return { id, start: async (body) => await startByWebhook(n8n, id, pathOf(json), body) };
		},
		stop: async () => {
			await n8n.stop();
			await emulator.stop();
		},
	};
}

function pathOf(json: WorkflowJson): string {
	const path = json.nodes.find((node) => node.type === 'n8n-nodes-base.webhook')?.parameters.path;
	if (typeof path !== 'string') throw new Error(`“${json.name}” has no webhook to start it.`);
	return path;
}

async function startByWebhook(
	n8n: N8nInstance,
	workflowId: string,
	path: string,
	body: unknown = {},
): Promise<string> {
	const before = new Set((await n8n.api.listExecutions(workflowId)).map(({ id }) => id));
	const response = await fetch(n8n.webhookUrl(path), {
		method: 'POST',
		headers: { 'content-type': 'application/json', connection: 'close' },
		body: JSON.stringify(body),
	});
	if (!response.ok) throw new Error(`The webhook answered ${response.status}`);
	return await until(async () => {
		const listed = await n8n.api.listExecutions(workflowId);
		return listed.find(({ id, mode }) => mode === 'webhook' && !before.has(id))?.id;
	});
}

const LOOK_AGAIN_MS = 200;
const GIVE_UP_MS = 150_000;

/** Looks until there is something to see; fails after some minutes. */
export async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
	const giveUpAt = Date.now() + GIVE_UP_MS;
	for (;;) {
		const seen = await look();
		if (seen !== undefined) return seen;
		if (Date.now() > giveUpAt)
			throw new Error(`It did not come to be within ${GIVE_UP_MS / 1_000} s`);
		await delay(LOOK_AGAIN_MS);
	}
}

let paths = 0;

/** A workflow of a start, these items and the nodes in their order. */
function startingBy(
	start: [name: string, spec: NodeSpec],
	name: string,
	input: Array<Record<string, unknown>>,
	nodes: Record<string, NodeSpec>,
): WorkflowJson {
	const all = { [start[0]]: start[1], Items: items(input), ...nodes };
	const builder = workflow(name);
	for (const [nodeName, spec] of Object.entries(all)) builder.node(nodeName, spec);
	return builder.chain(...Object.keys(all)).json();
}

type Rest = [name: string, input: Array<Record<string, unknown>>, nodes: Record<string, NodeSpec>];

/** A workflow that starts by hand with these items and goes through the nodes in their order. */
export function chain(...rest: Rest): WorkflowJson {
	return startingBy(['Start', manualTrigger()], ...rest);
}

/** The same, started by a webhook of its own. */
export function production(...rest: Rest): WorkflowJson {
	paths += 1;
	return startingBy(['Webhook', webhook(`start-${paths}`)], ...rest);
}

/** An execution that sleeps until its tasks are finished. */
export interface Suspended {
	id: string;
	taskIds: string[];
	/** Where the first of its tasks calls back. */
	resumeUrl: string;
}

/** Publishes and starts a Create and Wait of so many items, called `name` as its workflow, until it sleeps. */
export async function suspend(
	{ emulator, n8n, creates, publish }: Stage,
	name: string,
	{
		count = 1,
		parameters = {},
		settings = {},
	}: { count?: number; parameters?: Record<string, unknown>; settings?: NodeSettings } = {},
): Promise<Suspended> {
	const before = emulator.tasks().length;
	const node = creates({ operation: 'createAndWait', ...parameters }, settings);
	const { start } = await publish(production(name, numbered(count), { [name]: node }));
	const id = await start();
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	const created = emulator.tasks().slice(before);
	const resumeUrl = created[0]?.callbackUrl;
	if (resumeUrl === undefined) throw new Error(`“${name}” sleeps without a callback.`);
	return { id, taskIds: created.map((task) => task.id), resumeUrl };
}

/** The name of the Kling Trigger that `withTrigger` adds. */
export const TRIGGER = 'When a video ends';

/** The workflow with a Kling Trigger beside what it has. */
export function withTrigger(json: WorkflowJson, trigger: NodeSpec): WorkflowJson {
	const { nodes } = workflow(json.name).node(TRIGGER, trigger).json();
	return { ...json, nodes: [...json.nodes, ...nodes] };
}

/** A workflow with a start by hand, too, before its items. */
export function withStart(json: WorkflowJson): WorkflowJson {
	const { nodes, connections } = workflow(json.name)
		.node('Start', manualTrigger())
		.connect('Start', 'Items')
		.json();
	return {
		...json,
		nodes: [...json.nodes, ...nodes],
		connections: { ...json.connections, ...connections },
	};
}

/** The executions that this trigger has started, once there are so many, oldest first. */
export async function startedByTrigger(
	{ api }: N8nInstance,
	workflowId: string,
	count: number,
): Promise<Execution[]> {
	return await until(async () => {
		const listed = (await api.listExecutions(workflowId)).filter(({ status }) =>
			isFinished(status),
		);
		const executions = await Promise.all(listed.map(async ({ id }) => await api.getExecution(id)));
		const started = executions.filter(({ data }) => TRIGGER in data.resultData.runData);
		return started.length >= count ? started.reverse() : undefined;
	});
}

/** `n` items that differ. */
export function numbered(n: number): Array<Record<string, unknown>> {
	return Array.from({ length: n }, (_, index) => ({ number: index }));
}

/** What the items of a node hold. */
export function jsonOf(
	execution: Execution,
	n8n: N8nInstance,
	node: string,
	output = 0,
): Array<Record<string, unknown>> {
	return n8n.api.outputOf(execution, node, { output }).map((item) => item.json);
}
