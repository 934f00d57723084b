import type { Emulator } from '../emulator';
import { noOp, webhook, workflow, type NodeSpec, type WorkflowJson } from '../harness/n8n/workflow';
import type { Stage } from '../harness/n8n/stage';

/** The ways of getting from a prompt to a finished video that are compared. */
export type Way = 'callback' | 'bareCallback' | 'poll' | 'loop' | 'inProcess';

/** How the ways are named in the report. */
export const WAY_NAMES: Record<Way, string> = {
	callback: 'Create Video and Wait, `callback`',
	bareCallback: 'HTTP Request + n8n’s own Wait node on the callback, which nobody checks',
	poll: 'Create Video and Wait, `poll` every 5 s',
	loop: 'HTTP Request + Wait node loop, every 5 s',
	inProcess: 'in-process poller, every 5 s',
};

/** The node that comes after the finished video. */
export const AFTER = 'After';

/** Where the in-process poller lives, for N8N_CUSTOM_EXTENSIONS. */
export const CUSTOM_NODES = `${__dirname}/nodes`;

const INTERVAL_SECONDS = 5;

/** The prompt that the webhook was called with, as an expression within a text. */
const PROMPT = '{{ $json.body.prompt }}';

/** The name of the credential that HTTP Request nodes use. */
export const HEADER_CREDENTIAL = 'Authorization header';

/** What HTTP Request nodes need: the API, and the id of a credential with its key. */
export interface Api {
	readonly emulator: Emulator;
	readonly headerCredential: string;
}

type BenchContext = Stage & Api;

/**
 * Started by a webhook with a prompt in its body, the way itself, then `After`.
 *
 * @param limit parameters of n8n's own Wait node that end its wait
 */
export function workflowFor(
	way: Way,
	stage: BenchContext,
	path: string,
	limit: Record<string, unknown> = {},
): WorkflowJson {
	const builder = workflow(`${way} ${path}`).node('Webhook', webhook(path)).node(AFTER, noOp());
	if (way === 'bareCallback') {
		return builder
			.node('Create', createRequest(stage, PROMPT, '{{ $execution.resumeUrl }}'))
			.node('Wait', n8nWait({ resume: 'webhook', httpMethod: 'POST', ...limit, options: {} }))
			.chain('Webhook', 'Create', 'Wait', AFTER)
			.json();
	}
	if (way === 'loop') {
		return builder
			.node('Create', createRequest(stage, PROMPT))
			.node('Wait', n8nWait({ amount: INTERVAL_SECONDS, unit: 'seconds' }))
			.node('Get', readRequest(stage))
			.node('Is It Ready?', isCompleted())
			.chain('Webhook', 'Create', 'Wait', 'Get', 'Is It Ready?', AFTER)
			.connect('Is It Ready?', 'Wait', { output: 1 })
			.json();
	}
	return builder.node('Video', nodeFor(way, stage)).chain('Webhook', 'Video', AFTER).json();
}

function nodeFor(way: Exclude<Way, 'loop' | 'bareCallback'>, stage: Stage): NodeSpec {
	if (way === 'inProcess') {
		const { url, apiKey } = stage.emulator;
		return {
			type: 'CUSTOM.inProcessPoller',
			typeVersion: 1,
			parameters: {
				baseUrl: url,
				apiKey,
				imageUrl: stage.emulator.imageUrl(),
				prompt: `=${PROMPT}`,
			},
		};
	}
	return stage.creates({
		operation: 'createAndWait',
		prompt: `=${PROMPT}`,
		waitStrategy: way,
		options: way === 'poll' ? { pollInterval: INTERVAL_SECONDS } : {},
	});
}

/** n8n's own Wait node. */
export function n8nWait(parameters: Record<string, unknown>): NodeSpec {
	return { type: 'n8n-nodes-base.wait', typeVersion: 1.1, webhookId: '', parameters };
}

/** n8n's own HTTP Request node, creating a task; prompt and callback may hold expressions. */
export function createRequest(api: Api, prompt: string, callbackUrl?: string): NodeSpec {
	const body = JSON.stringify({
		model: 'kling-2.6',
		...(callbackUrl === undefined ? {} : { callback_url: callbackUrl }),
		input: { prompt, image_urls: [api.emulator.imageUrl()], duration: 5, sound: false },
	});
	return httpRequest(api, 'POST', '/v1/videos/generations', {
		sendBody: true,
		specifyBody: 'json',
		jsonBody: `=${body}`,
	});
}

/** n8n's own HTTP Request node, reading the task that was created. */
export function readRequest(api: Api): NodeSpec {
	return httpRequest(api, 'GET', "/v1/tasks/{{ $('Create').first().json.data.taskId }}");
}

/** An HTTP Request node with the key from a credential, as it should be; the path may hold expressions. */
export function httpRequest(
	{ emulator, headerCredential }: Api,
	method: string,
	path: string,
	parameters: Record<string, unknown> = {},
): NodeSpec {
	return {
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		parameters: {
			method,
			url: `=${emulator.url}${path}`,
			authentication: 'genericCredentialType',
			genericAuthType: 'httpHeaderAuth',
			...parameters,
			options: {},
		},
		credentials: { httpHeaderAuth: { id: headerCredential, name: HEADER_CREDENTIAL } },
	};
}

function isCompleted(): NodeSpec {
	return {
		type: 'n8n-nodes-base.if',
		typeVersion: 2.2,
		parameters: {
			conditions: {
				options: { caseSensitive: true, leftValue: '', typeValidation: 'strict', version: 2 },
				conditions: [
					{
						id: 'completed',
						leftValue: '={{ $json.status }}',
						rightValue: 'completed',
						operator: { type: 'string', operation: 'equals' },
					},
				],
				combinator: 'and',
			},
			options: {},
		},
	};
}
