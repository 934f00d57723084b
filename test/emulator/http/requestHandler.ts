import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from './answer';
import { apiError } from '../service/apiErrors';
import { apiRoute, type Api } from '../service/api';
import { deliver, deliveredStatus } from './deliver';
import type { ArmedFault, Delivery, FaultQueue } from '../control/faults';
import { handleImage, handleVideo, taskIdOfVideo } from '../service/files';
import { flatHeaders, readableBody, readBody, redactHeaders } from './incoming';
import { bearerKey, shortenKeys, shortKey } from '../service/keys';
import type { Logger } from '../log';
import type { EmulatorRequest, Outcome } from './outcome';
import type { TaskStore } from '../service/tasks';
import { sleep } from '../time';
import type { RecordedRequest, Route } from '../types';

/** The oldest half is forgotten beyond this, so that a long-running emulator does not grow for ever. */
const MAX_RECORDED = 200_000;

/** Marks the emulator's own image fetches, which no test should count and no fault should hit. */
export const OWN_REQUEST_HEADER = 'x-emulator-request';

type Recorded = { -readonly [Field in keyof RecordedRequest]: RecordedRequest[Field] };

export interface HandlerContext {
	api: Api;
	tasks: TaskStore;
	faults: FaultQueue;
	log: Logger;
	requests: RecordedRequest[];
	/** The whole keys, which no record shows. */
	keys: WeakMap<RecordedRequest, string>;
	/** Secret value of OWN_REQUEST_HEADER. */
	ownToken: string;
	latencyMs: number;
	/** Aborted when the emulator stops. */
	signal: AbortSignal;
	control(request: EmulatorRequest): Promise<Outcome>;
}

function routeOf(path: string): Route {
	if (path === '/_emulator' || path.startsWith('/_emulator/')) return 'control';
	if (path.startsWith('/images/')) return 'image';
	if (path.startsWith('/videos/')) return 'video';
	return apiRoute(path) ?? 'other';
}

function taskIdOf(path: string, route: Route): string | undefined {
	if (route === 'getTask') return path.slice('/v1/tasks/'.length);
	return route === 'video' ? taskIdOfVideo(path) : undefined;
}

async function processRequest(
	context: HandlerContext,
	route: Route,
	request: EmulatorRequest,
): Promise<Outcome> {
	if (route === 'control') return await context.control(request);
	if (route === 'image') return handleImage(request);
	if (route === 'video') return handleVideo(request, context.tasks);
	return context.api.handle(request);
}

async function exchange(
	context: HandlerContext,
	message: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const at = Date.now();
	const method = message.method ?? '';
	const target = message.url ?? '/';
	const [path = '', query = ''] = target.split(/\?(.*)/s);
	const route = routeOf(path);
	const headers = flatHeaders(message);
	const own = headers[OWN_REQUEST_HEADER] === context.ownToken;
	const key = bearerKey(headers['authorization']);
	const pathTaskId = taskIdOf(path, route);

	const record: Recorded = {
		at,
		method,
		path: target,
		route,
		status: null,
		...(pathTaskId === undefined ? {} : { taskId: pathTaskId }),
		...(key === null ? {} : { key: shortKey(key) }),
		authorization: headers['authorization'] !== undefined,
		headers: redactHeaders(headers),
		durationMs: 0,
	};
	if (!own) {
		if (context.requests.length >= MAX_RECORDED) context.requests.splice(0, MAX_RECORDED / 2);
		context.requests.push(record);
		if (key !== null) context.keys.set(record, key);
	}

	let body: Buffer;
	try {
		body = await readBody(message);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		context.log(`${method} ${shortenKeys(target)} – ${reason}`);
		if (!message.destroyed || message.complete) await deliver(response, refusal(reason));
		response.socket?.destroy();
		return;
	}
	const readable = readableBody(body);
	if (readable !== undefined) record.body = readable;

	const request = { method, path, query: new URLSearchParams(query), headers, body };
	const queued =
		own || route === 'control'
			? undefined
			: context.faults.take({ method, path, taskId: pathTaskId });
	const { fault, delivery, outcome } = await resolve(context, route, request, queued);
	if (isApi(route)) await sleep(context.latencyMs, context.signal);

	if (fault !== undefined) record.fault = fault.name;
	if (outcome?.taskId !== undefined) record.taskId = outcome.taskId;
	// Set before sending: whoever has the answer must find it recorded.
	record.status = deliveredStatus(delivery);
	record.durationMs = Date.now() - at;
	await deliver(response, delivery);
	record.durationMs = Date.now() - at;

	const parts = [
		`${own ? '(emulator) ' : ''}${method} ${shortenKeys(target)}`,
		String(record.status ?? '–'),
		`${record.durationMs}ms`,
		...(fault === undefined ? [] : [` fault ${fault.name}`]),
		...(outcome?.note === undefined ? [] : [` ${outcome.note}`]),
		...(key === null || route === 'getTask' ? [] : [` key ${shortKey(key)}`]),
	];
	context.log(parts.join(' '));
}

function isApi(route: Route): boolean {
	return route === 'create' || route === 'getTask' || route === 'getCredits' || route === 'other';
}

function refusal(reason: string): Delivery {
	return { how: 'answer', answer: apiError('400', reason) };
}

/** Processes the request and lets the fault, queued or asked for by the request, strike. */
async function resolve(
	context: HandlerContext,
	route: Route,
	request: EmulatorRequest,
	queued: ArmedFault | undefined,
): Promise<{ fault?: ArmedFault; delivery: Delivery; outcome?: Outcome }> {
	const key = bearerKey(request.headers['authorization']) ?? '';
	if (queued?.when === 'before') {
		const standIn = json(200, { code: 200, msg: 'success', data: {} });
		return { fault: queued, delivery: queued.apply(standIn, key) };
	}
	if (queued !== undefined) await sleep(queued.delayMs, context.signal);
	const outcome = await processRequest(context, route, request);
	const fault = queued ?? outcome.fault;
	if (fault === undefined) return { delivery: { how: 'answer', answer: outcome.answer }, outcome };
	return { fault, delivery: fault.apply(outcome.answer, key), outcome };
}

/** The listener for every request: record, fault, process, deliver, log. */
export function requestHandler(
	context: HandlerContext,
): (message: IncomingMessage, response: ServerResponse) => void {
	return (message, response) => {
		exchange(context, message, response).catch((error: unknown) => {
			const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
			context.log(`the emulator itself failed: ${reason}`);
			response.destroy();
		});
	};
}
