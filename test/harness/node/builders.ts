import type { INode } from 'n8n-workflow';

import type { ApiClient } from '../../../nodes/Kling/api/client';
import type { FailureDetail } from '../../../nodes/Kling/api/failure';
import { ApiFailure } from '../../../nodes/Kling/api/failure';
import type { ApiTask, TaskReading } from '../../../nodes/Kling/api/schemas';
import { apiTaskSchema, jsonObjectSchema } from '../../../nodes/Kling/api/schemas';
import type { Request } from '../../../nodes/Kling/creating/journal';
import { Settings } from '../../../nodes/Kling/parameters/settings';
import { type SimplifiedTask, simplifyTask } from '../../../nodes/Kling/result/task';
import { standIn } from '../standIn';

export const TASK_ID = '3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d';
export const VIDEO_URL = 'https://file.example/videos/one.mp4';

/** The fields of a simplified task, as the panel shows them: n8n keeps their order. */
export const TASK_KEYS = [
	'taskId',
	'status',
	'videoUrl',
	'failure',
	'generationSeconds',
	'createdAt',
	'completedAt',
	'videoUrls',
	'progress',
	'model',
];

/** What a create of five seconds without sound and callback was asked for. */
export const SUMMARY = {
	estimatedCredits: 110,
	duration: 5,
	sound: false,
	callback: 'none',
	callbackUrl: null,
};

export function requestFor(prompt: string): Request {
	const image = 'https://example.com/cat.jpg';
	return {
		input: { prompt, image_urls: [image], duration: 5, sound: false },
		fingerprint: prompt,
		summary: SUMMARY,
		callbackUrl: null,
	};
}

/** A different, well-formed task id for each number. */
export function taskIdOf(index: number): string {
	return `3f2a9c1e-0b7d-4c5a-9e21-${index.toString(16).padStart(12, '0')}`;
}

/** The API's own object for a task that is being processed. */
export function rawTask(overrides: Record<string, unknown> = {}): Record<string, unknown> {
	return {
		id: TASK_ID,
		status: 'processing',
		model: 'kling-2.6',
		created_at: 1_774_706_165,
		progress: null,
		...overrides,
	};
}

export function completedTask(overrides: Record<string, unknown> = {}): Record<string, unknown> {
	return rawTask({
		status: 'completed',
		completed_at: 1_774_706_465,
		output: { urls: [VIDEO_URL], metadata: { model: 'kling-2.6/image-to-video' } },
		...overrides,
	});
}

export function failedTask(overrides: Record<string, unknown> = {}): Record<string, unknown> {
	return rawTask({
		status: 'failed',
		error: { code: 'upstream_error', message: 'Video generation failed' },
		...overrides,
	});
}

/** A task that is known by its id alone. */
export function newTask(id: string): SimplifiedTask {
	return simplifyTask(parsed({ id, status: 'pending', model: 'kling-2.6' }));
}

export function parsed(raw: Record<string, unknown>): ApiTask {
	return apiTaskSchema.parse(raw);
}

/** What the client makes of the API's own object. */
export function toReading(raw: Record<string, unknown>): TaskReading {
	return { task: parsed(raw), raw: jsonObjectSchema.parse(raw) };
}

/** A client that answers as the test says, looks like reads, and refuses whatever else it is asked. */
export function fakeClient(answers: Partial<ApiClient> = {}): ApiClient {
	const unasked = async () => await Promise.reject(new Error('Nobody was to ask this'));
	const quiet = () => {};
	return standIn<ApiClient>({
		baseUrl: 'https://api.example',
		account: 'account',
		hasSucceeded: true,
		paces: new Map(),
		host: {
			httpRequest: unasked,
			logger: { error: quiet, warn: quiet, info: quiet, debug: quiet },
		},
		create: unasked,
		getTask: unasked,
		lookAt: answers.getTask ?? unasked,
		getCredits: unasked,
		...answers,
	});
}

/** A refusal of a create; every field can be changed. */
export function detail(overrides: Partial<FailureDetail> = {}): FailureDetail {
	return {
		call: 'create',
		kind: 'answer',
		outcome: 'refused',
		status: 400,
		code: 'invalid_request',
		text: 'The request is invalid.',
		retryAfterMs: null,
		...overrides,
	};
}

/** What the API answered to a create; every other field can be changed. */
export function answered(
	status: number,
	code: string | null,
	overrides: Partial<FailureDetail> = {},
): FailureDetail {
	return detail({ status, code, ...overrides });
}

export function failure(overrides: Partial<FailureDetail> = {}): ApiFailure {
	return new ApiFailure(detail(overrides));
}

/** A request that ended in the network, as the client describes it. */
export function networkDetail(overrides: Partial<FailureDetail> = {}): FailureDetail {
	return detail({
		kind: 'network',
		outcome: 'unclear',
		status: null,
		code: 'ECONNRESET',
		text: '',
		...overrides,
	});
}

export function klingNode(overrides: Partial<INode> = {}): INode {
	return {
		id: 'node-1',
		name: 'Kling',
		type: 'n8n-nodes-aivideoapi-kling.kling',
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
		...overrides,
	};
}

/** A node's settings: as n8n evaluates them, and as they were typed. */
export function settings(
	parameters: Record<string, unknown>,
	options: Record<string, unknown> = {},
	typed: Record<string, unknown> = {},
): Settings {
	const all: Record<string, unknown> = { ...parameters, options };
	return new Settings((name, fallback, asTyped) => {
		if (asTyped) return typed[name];
		return Object.hasOwn(all, name) ? all[name] : fallback;
	});
}
