import type { IHttpRequestOptions } from 'n8n-workflow';
import { z } from 'zod';

import { completedTask, failedTask, rawTask } from '../node/builders';
import type { Clock } from './clock';

/** What is to become of a task; it is sent as the prompt. Times in milliseconds. */
const planSchema = z.object({
	/** Tells it from others. */
	name: z.string().default(''),
	/** From its creation to its end; null for never. */
	endsAfter: z.number().nullable().default(60_000),
	isFailed: z.boolean().default(false),
	/** How long after its end each callback comes; none is one that gets lost. */
	callbacks: z.array(z.number()).default([]),
	/** For how long after its creation the API does not know it: its reads come from a replica. */
	hiddenFor: z.number().default(0),
});

export type Plan = Partial<z.infer<typeof planSchema>>;

/** What becomes of readings instead of an answer. */
export type FaultKind = keyof typeof ANSWERS | 'hangs' | 'reset';

export interface Fault {
	/** In milliseconds since 1970. */
	from: number;
	until: number;
	kind: FaultKind;
	/** What `Retry-After` asks for, in seconds. */
	retryAfter?: number;
}

export interface Account {
	key: string;
	baseUrl: string;
	/** How long an answer takes, in milliseconds. */
	latencyMs: number;
	faults: Fault[];
}

export interface FakeTask {
	id: string;
	account: string;
	createdAt: number;
	/** Infinity for never. */
	endsAt: number;
	plan: z.infer<typeof planSchema>;
}

/** One `GET` of a task. */
export interface Reading {
	taskId: string;
	account: string;
	/** The process that read. */
	by: unknown;
	askedAt: number;
	/** Infinity while there is no answer. */
	answeredAt: number;
	/** Null where the answer was a fault. */
	status: string | null;
}

/** An answer as n8n's request helpers give it. */
export interface Response {
	statusCode: number;
	headers: Record<string, string>;
	body: string;
}

function json(statusCode: number, body: unknown): Response {
	return { statusCode, headers: {}, body: JSON.stringify(body) };
}

function refusal(statusCode: number, code: string): Response {
	return json(statusCode, { error: { code, message: code, type: 'error' } });
}

function page(statusCode: number): Response {
	return { statusCode, headers: { 'content-type': 'text/html' }, body: '<html>A proxy</html>' };
}

const ANSWERS = {
	'500': refusal(500, 'internal_error'),
	limited: refusal(429, 'rate_limit_exceeded'),
	'401': refusal(401, 'invalid_api_key'),
	'page 403': page(403),
	'page 404': page(404),
	redirect: page(302),
} satisfies Record<string, Response>;

export const API_URL = 'https://api.example';

/** The fault that a request helper throws. */
export function networkError(code: string): Error {
	return Object.assign(new Error(code), { code });
}

const createSchema = z.object({
	callback_url: z.string().optional(),
	input: z.object({ prompt: z.string() }),
});

const keySchema = z.string().regex(/^sk-\w+-\d+$/);

/** The API: accounts whose keys are `sk-<account>-<number>`, and tasks that end as their prompts say. */
export class FakeApi {
	readonly tasks = new Map<string, FakeTask>();

	readonly readings: Reading[] = [];

	/** How long each callback waited for its answer, in milliseconds, and what that was; null for none. */
	readonly callbacks: Array<{ taskId: string; tookMs: number; status: number | null }> = [];

	private readonly accounts = new Map<string, Account>();

	constructor(
		private readonly clock: Clock,
		private readonly post: (url: string, body: string) => Promise<Response>,
	) {}

	account(name: string): Account {
		const known = this.accounts.get(name);
		if (known !== undefined) return known;
		const made = { key: `sk-${name}-1`, baseUrl: API_URL, latencyMs: 50, faults: [] };
		this.accounts.set(name, made);
		return made;
	}

	task(id: string): FakeTask {
		const task = this.tasks.get(id);
		if (task === undefined) throw new Error(`There is no task ${id}`);
		return task;
	}

	statusOf({ endsAt, plan }: FakeTask): string {
		if (this.clock.now < endsAt) return 'processing';
		return plan.isFailed ? 'failed' : 'completed';
	}

	/** Creates a task as somebody else would. */
	create(name: string, plan: Plan, callbackUrl?: string): FakeTask {
		const number = (this.tasks.size + 1).toString(16).padStart(8, '0');
		const whole = planSchema.parse(plan);
		const { now } = this.clock;
		const endsAt = now + (whole.endsAfter ?? Infinity);
		const id = `${number}-0b7d-4c5a-9e21-6d1f8a2b4c3d`;
		const task = { id, account: name, createdAt: now, endsAt, plan: whole };
		this.tasks.set(id, task);
		if (callbackUrl === undefined || whole.endsAfter === null) return task;
		for (const delay of whole.callbacks) {
			this.clock.at(endsAt + delay, () => void this.callBack(task, callbackUrl));
		}
		return task;
	}

	async callBack(task: FakeTask, url: string): Promise<void> {
		const callback = { taskId: task.id, tookMs: Infinity, status: null };
		this.callbacks.push(callback);
		const calledAt = this.clock.now;
		const answer = await this.post(url, JSON.stringify(this.toJson(task))).catch(() => null);
		Object.assign(callback, {
			tookMs: this.clock.now - calledAt,
			status: answer?.statusCode ?? null,
		});
	}

	async answer(by: unknown, options: IHttpRequestOptions, apiKey: unknown): Promise<Response> {
		const key = keySchema.parse(apiKey);
		const name = key.split('-')[1] ?? '';
		const account = this.account(name);
		const { origin, pathname } = new URL(options.url);
		const taskId = pathname.split('/').at(-1) ?? '';
		const isCreate = options.method === 'POST';
		const reading: Reading = {
			taskId,
			account: name,
			by,
			askedAt: this.clock.now,
			answeredAt: Infinity,
			status: null,
		};
		if (!isCreate) this.readings.push(reading);
		await this.clock.sleep(account.latencyMs);
		const fault = isCreate
			? undefined
			: account.faults.find(({ from, until }) => from <= this.clock.now && this.clock.now < until);
		if (fault !== undefined) return await failing(fault);
		if (origin !== account.baseUrl) return ANSWERS['page 404'];
		if (key !== account.key) return ANSWERS['401'];
		if (isCreate) {
			const { callback_url: url, input } = createSchema.parse(
				JSON.parse(z.string().parse(options.body)),
			);
			const { id } = this.create(name, planSchema.parse(JSON.parse(input.prompt)), url);
			return json(200, { code: 200, msg: 'success', data: { taskId: id } });
		}
		reading.answeredAt = this.clock.now;
		const task = this.tasks.get(taskId);
		if (task?.account !== name || this.clock.now < task.createdAt + task.plan.hiddenFor) {
			return refusal(404, 'task_not_found');
		}
		reading.status = this.statusOf(task);
		return json(200, this.toJson(task));
	}

	private toJson(task: FakeTask): Record<string, unknown> {
		const { id } = task;
		const status = this.statusOf(task);
		if (status === 'processing') return rawTask({ id });
		return status === 'failed' ? failedTask({ id }) : completedTask({ id });
	}
}

async function failing({ kind, retryAfter }: Fault): Promise<Response> {
	if (kind === 'hangs') return await new Promise<never>(() => {});
	if (kind === 'reset') throw networkError('ECONNRESET');
	const headers: Record<string, string> =
		retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
	return { ...ANSWERS[kind], headers };
}
