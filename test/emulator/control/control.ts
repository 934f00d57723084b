import { z } from 'zod';
import { json, type Answer } from '../http/answer';
import { faultRuleSchema } from './faults';
import type { EmulatorRequest } from '../http/outcome';
import type { Ledger } from '../service/ledger';
import { parseSpanMs } from '../time';
import type { Emulator } from '../types';

/** What the control interface steers: the emulator itself, and what only its inside knows. */
export interface ControlContext {
	emulator: Emulator;
	ledger: Ledger;
	faults(): unknown;
}

const paceSchema = z.object({ pace: z.union([z.number().min(0), z.string()]) }).strict();
const balanceSchema = z.object({ balance: z.number() }).strict();
const failSchema = z.object({ code: z.string(), message: z.string() }).strict().optional();
const callbackSchema = z
	.object({
		url: z.string().url().optional(),
		body: z.unknown(),
		raw: z.string().optional(),
		contentType: z.string().nullable().optional(),
		times: z.number().int().min(1).max(10_000).optional(),
		concurrently: z.boolean().optional(),
	})
	.strict()
	.default({});
const routeSchema = z
	.enum(['create', 'getTask', 'getCredits', 'image', 'video', 'control', 'other'])
	.optional();

const ENDPOINTS = [
	'GET /_emulator/requests?route=&taskId=&status=&method=',
	'GET /_emulator/tasks',
	'GET /_emulator/tasks/<id>',
	'POST /_emulator/tasks/<id>/complete',
	'POST /_emulator/tasks/<id>/fail {"code","message"}',
	'POST /_emulator/tasks/<id>/callback {"url","body","raw","contentType","times","concurrently"}',
	'GET /_emulator/ledger',
	'PUT /_emulator/accounts/<key> {"balance"}',
	'GET /_emulator/faults',
	'POST /_emulator/faults {"match","fault","times","skip"}',
	'DELETE /_emulator/faults',
	'PUT /_emulator/pace {"pace": "20s" | ms | "never"}',
	'POST /_emulator/reset',
] as const;

const DONE = { ok: true } as const;

class BadControlRequest extends Error {}

function parseBody(body: Buffer): unknown {
	if (body.length === 0) return undefined;
	try {
		return JSON.parse(body.toString());
	} catch {
		throw new BadControlRequest('The body is not valid JSON');
	}
}

function paceMs(pace: string | number): number {
	const ms = typeof pace === 'number' ? pace : parseSpanMs(pace);
	if (ms === null) throw new BadControlRequest('A pace looks like 300ms, 20s, 2m or never');
	return ms;
}

function requests(emulator: Emulator, query: URLSearchParams): unknown {
	const route = routeSchema.parse(query.get('route') ?? undefined);
	const taskId = query.get('taskId');
	const status = query.get('status');
	const method = query.get('method');
	return emulator.requests.filter(
		(request) =>
			(route === undefined ? request.route !== 'control' : request.route === route) &&
			(taskId === null || request.taskId === taskId) &&
			(status === null || request.status === Number(status)) &&
			(method === null || request.method === method),
	);
}

async function taskAction(
	emulator: Emulator,
	id: string,
	action: string,
	body: unknown,
): Promise<unknown> {
	switch (action) {
		case 'complete':
			await emulator.complete(id);
			return emulator.task(id);
		case 'fail':
			await emulator.fail(id, failSchema.parse(body));
			return emulator.task(id);
		case 'callback':
			return { statuses: await emulator.sendCallback(id, callbackSchema.parse(body)) };
		default:
			return undefined;
	}
}

/** Undefined when there is no such control endpoint. */
async function act(context: ControlContext, request: EmulatorRequest): Promise<unknown> {
	const { emulator } = context;
	const [, , subject = '', name, action, ...more] = request.path.split('/');
	const call = `${request.method} ${subject}`;
	const body = parseBody(request.body);
	if (more.length > 0) return undefined;
	if (subject === 'tasks' && name !== undefined) {
		if (action === undefined && request.method === 'GET') return emulator.task(name);
		if (action === undefined || request.method !== 'POST') return undefined;
		return await taskAction(emulator, name, action, body);
	}
	if (call === 'PUT accounts' && name !== undefined && action === undefined) {
		emulator.setBalance(name, balanceSchema.parse(body).balance);
		return emulator.account(name);
	}
	if (name !== undefined) return undefined;
	switch (call) {
		case 'GET ':
			return { endpoints: ENDPOINTS };
		case 'GET requests':
			return requests(emulator, request.query);
		case 'GET tasks':
			return emulator.tasks();
		case 'GET ledger':
			return { accounts: context.ledger.all(), entries: context.ledger.entries };
		case 'GET faults':
			return context.faults();
		case 'POST faults':
			emulator.fault(faultRuleSchema.parse(body));
			return DONE;
		case 'DELETE faults':
			emulator.clearFaults();
			return DONE;
		case 'PUT pace':
			emulator.setPace(paceMs(paceSchema.parse(body).pace));
			return DONE;
		case 'POST reset':
			emulator.reset();
			return DONE;
		default:
			return undefined;
	}
}

/** `/_emulator/…`: steering and looking inside; needs no key. */
export async function handleControl(
	context: ControlContext,
	request: EmulatorRequest,
): Promise<Answer> {
	try {
		const result = await act(context, request);
		return result === undefined
			? json(404, { error: 'No such control endpoint', endpoints: ENDPOINTS })
			: json(200, result);
	} catch (error) {
		if (error instanceof z.ZodError) return json(400, { error: error.issues });
		// What the emulator itself refuses, such as an unknown task, is the caller's mistake as well.
		return json(400, { error: error instanceof Error ? error.message : String(error) });
	}
}
