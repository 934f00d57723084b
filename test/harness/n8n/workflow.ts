import { randomUUID } from 'node:crypto';

/** The name of the package's nodes, as workflows refer to them. */
const PACKAGE = 'n8n-nodes-aivideoapi-kling';

type OnError = 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';

export interface WorkflowNode {
	id: string;
	name: string;
	type: string;
	typeVersion: number;
	position: [number, number];
	parameters: Record<string, unknown>;
	credentials?: Record<string, { id: string; name: string }>;
	webhookId?: string;
	onError?: OnError;
	retryOnFail?: boolean;
	maxTries?: number;
	waitBetweenTries?: number;
	disabled?: boolean;
	executeOnce?: boolean;
}

interface Link {
	node: string;
	type: string;
	index: number;
}

/** A workflow as n8n's REST API and its import take it. */
export interface WorkflowJson {
	name: string;
	nodes: WorkflowNode[];
	connections: Record<string, Record<string, Link[][]>>;
	settings: Record<string, unknown>;
	pinData?: Record<string, unknown>;
	/** What an export carries along. */
	staticData?: Record<string, unknown>;
}

/** A node without what the builder gives it: its name, id and position. */
export type NodeSpec = Omit<WorkflowNode, 'id' | 'name' | 'position'>;

/** Node settings that belong to every type: what to do on an error, trying again, … */
export type NodeSettings = Partial<
	Pick<
		WorkflowNode,
		'onError' | 'retryOnFail' | 'maxTries' | 'waitBetweenTries' | 'disabled' | 'executeOnce'
	>
>;

/** *Retry On Fail*, as quick as n8n allows. */
export const RETRIES = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 } as const;

export interface ConnectOptions {
	output?: number;
	input?: number;
	/** `ai_tool`, … for the sub-nodes of an AI Agent. */
	type?: string;
}

/** Puts nodes and their connections together; end with `json()`. */
export class WorkflowBuilder {
	private readonly nodes: WorkflowNode[] = [];
	private readonly connections: WorkflowJson['connections'] = {};
	private settings: Record<string, unknown> = { executionOrder: 'v1' };

	constructor(private readonly name: string) {}

	node(name: string, spec: NodeSpec): this {
		this.nodes.push({ id: randomUUID(), name, position: [this.nodes.length * 220, 0], ...spec });
		return this;
	}

	connect(from: string, to: string, options: ConnectOptions = {}): this {
		const { output = 0, input = 0, type = 'main' } = options;
		const outputs = ((this.connections[from] ??= {})[type] ??= []);
		while (outputs.length <= output) outputs.push([]);
		outputs[output]?.push({ node: to, type, index: input });
		return this;
	}

	/** Connects the first output of each node to the next one. */
	chain(...names: string[]): this {
		names.slice(1).forEach((to, index) => this.connect(names[index] ?? '', to));
		return this;
	}

	/** Workflow settings, on top of the present execution order. */
	set(settings: Record<string, unknown>): this {
		this.settings = { ...this.settings, ...settings };
		return this;
	}

	json(): WorkflowJson {
		return {
			name: this.name,
			nodes: this.nodes,
			connections: this.connections,
			settings: this.settings,
		};
	}
}

/** Starts a workflow: `workflow('x').node('A', manualTrigger()).node('B', set({…})).chain('A', 'B').json()`. */
export function workflow(name: string): WorkflowBuilder {
	return new WorkflowBuilder(name);
}

export function manualTrigger(): NodeSpec {
	return { type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} };
}

export interface WebhookOptions {
	method?: string;
	/** When to answer: at once, with the last node's first item, or by a node of its own. */
	respond?: 'onReceived' | 'lastNode' | 'responseNode';
}

export function webhook(path: string, options: WebhookOptions = {}): NodeSpec {
	const { method = 'POST', respond = 'onReceived' } = options;
	return {
		type: 'n8n-nodes-base.webhook',
		typeVersion: 2,
		webhookId: randomUUID(),
		parameters: {
			path,
			httpMethod: method,
			responseMode: respond,
			...(respond === 'lastNode' ? { responseData: 'firstEntryJson' } : {}),
			options: {},
		},
	};
}

/** An AI Agent with something to do; it needs a chat model to run. */
export function aiAgent(text: string): NodeSpec {
	return {
		type: '@n8n/n8n-nodes-langchain.agent',
		typeVersion: 2.2,
		parameters: { promptType: 'define', text, options: {} },
	};
}

/** Sets fields; values may be expressions (`={{ … }}`). */
export function set(
	fields: Record<string, string | number | boolean>,
	{ keepOthers = true } = {},
): NodeSpec {
	return {
		type: 'n8n-nodes-base.set',
		typeVersion: 3.4,
		parameters: {
			assignments: {
				assignments: Object.entries(fields).map(([name, value]) => ({
					id: randomUUID(),
					name,
					value,
					type: typeof value,
				})),
			},
			includeOtherFields: keepOthers,
			options: {},
		},
	};
}

/** n8n's own Wait node: goes on when its execution's resume URL is called by POST. */
export function waitForCall(): NodeSpec {
	return {
		type: 'n8n-nodes-base.wait',
		typeVersion: 1.1,
		webhookId: randomUUID(),
		parameters: { resume: 'webhook', httpMethod: 'POST', options: {} },
	};
}

/** A Code node; `$input` and n8n's other variables are there, `return` the items. */
export function code(jsCode: string): NodeSpec {
	return { type: 'n8n-nodes-base.code', typeVersion: 2, parameters: { jsCode } };
}

/** Gives these items, whatever comes in. */
export function items(list: Array<Record<string, unknown>>): NodeSpec {
	return code(`return ${JSON.stringify(list.map((json) => ({ json })))};`);
}

/** Gives its input back unchanged. */
export function noOp(): NodeSpec {
	return { type: 'n8n-nodes-base.noOp', typeVersion: 1, parameters: {} };
}

function ours(
	type: string,
	parameters: Record<string, unknown>,
	credentialId: string | undefined,
): NodeSpec {
	return {
		type: `${PACKAGE}.${type}`,
		typeVersion: 1,
		parameters,
		...(credentialId === undefined
			? {}
			: { credentials: { aiVideoApi: { id: credentialId, name: 'AI Video API' } } }),
	};
}

/** A Kling node: `parameters` with its `operation`, the credential's id, and any node settings. */
export function kling(
	parameters: Record<string, unknown>,
	credentialId?: string,
	settings: NodeSettings = {},
): NodeSpec {
	return { ...ours('kling', parameters, credentialId), ...settings };
}

/** A Kling Trigger node. */
export function klingTrigger(
	parameters: Record<string, unknown> = {},
	credentialId?: string,
): NodeSpec {
	return { ...ours('klingTrigger', parameters, credentialId), webhookId: randomUUID() };
}

/** Waits for both inputs and passes on their items, those of the first input first. */
export function merge(): NodeSpec {
	return { type: 'n8n-nodes-base.merge', typeVersion: 3, parameters: {} };
}
