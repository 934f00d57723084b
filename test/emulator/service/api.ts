import { envelope, json, type Answer } from '../http/answer';
import { apiError, unknownRoute } from './apiErrors';
import { parseCreateRequest } from './createRequest';
import { arm, type ArmedFault } from '../control/faults';
import { bearerKey } from './keys';
import type { Ledger } from './ledger';
import { describeVideo } from '../log';
import { readMarkers, type Markers } from './markers';
import type { EmulatorRequest, Outcome } from '../http/outcome';
import type { TaskStore } from './tasks';
import type { Route } from '../types';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Which documented endpoint a path belongs to, null for none. */
export function apiRoute(path: string): Extract<Route, 'create' | 'getTask' | 'getCredits'> | null {
	if (path === '/v1/videos/generations') return 'create';
	if (path === '/v1/credits') return 'getCredits';
	return /^\/v1\/tasks\/[^/]+$/.test(path) ? 'getTask' : null;
}

/** The documented API: strict about requests, and paid by the ledger. */
export class Api {
	/** How often each account sent each prompt that asks for a fault on create. */
	private readonly faultyCreates = new Map<string, number>();

	constructor(
		private readonly ledger: Ledger,
		private readonly tasks: TaskStore,
	) {}

	reset(): void {
		this.faultyCreates.clear();
	}

	handle(request: EmulatorRequest): Outcome {
		const { method, path } = request;
		const route = apiRoute(path);
		if (route === null) return { answer: unknownRoute(method, path) };
		const allowed = route === 'create' ? 'POST' : 'GET';
		if (method !== allowed) {
			const { status, headers, body } = apiError('405', `Use ${allowed} for ${path}.`);
			return { answer: { status, headers: { ...headers, allow: allowed }, body } };
		}
		const key = bearerKey(request.headers['authorization']);
		const refused = this.refuseKey(key) ?? refuseExtras(request, route);
		if (refused !== null || key === null) return { answer: refused ?? apiError('401') };
		if (route === 'create') return this.create(request, key);
		if (route === 'getTask') return this.getTask(path, key);
		return this.getCredits(key);
	}

	private refuseKey(key: string | null): Answer | null {
		if (key === null) {
			return apiError('401', "The 'Authorization: Bearer sk-…' header is missing or malformed.");
		}
		if (!key.startsWith('sk-')) return apiError('401', "An API key starts with 'sk-'.");
		if (key === 'sk-disabled') return apiError('401', 'This API key is disabled.');
		if (key === 'sk-blocked-ip') {
			return apiError('403', 'Your IP address is not on the allow-list of this API key.');
		}
		if (key === 'sk-rate-limited') return apiError('429-rate');
		return this.ledger.knows(key) ? null : apiError('401');
	}

	private create(request: EmulatorRequest, key: string): Outcome {
		const parsed = parseCreateRequest(request.headers['content-type'], request.body);
		if ('refused' in parsed) return { answer: parsed.refused };
		const { duration, sound, prompt } = parsed.request.input;
		const markers = readMarkers(prompt);
		if ('wrong' in markers) {
			const message = `'input.prompt' holds the emulator marker ${markers.wrong}, whose value is unknown.`;
			return { answer: apiError('400', message) };
		}
		const fault = this.createFault(key, prompt, markers);
		if (fault?.when === 'before') return { answer: envelope({}), fault };
		if (key === 'sk-spend-limit') return { answer: apiError('429-spend') };
		const task = this.tasks.create(key, parsed.request, markers);
		if (task === null) return { answer: apiError('402') };
		const { balance } = this.ledger.balance(key);
		const video = describeVideo(duration, sound);
		return {
			answer: envelope({ taskId: task.id }),
			fault,
			taskId: task.id,
			note: `task ${task.id} ${video} −${task.charged} credits (balance ${balance})`,
		};
	}

	private createFault(key: string, prompt: string, markers: Markers): ArmedFault | undefined {
		if (markers.create === undefined) return undefined;
		const attempt = JSON.stringify([key, prompt]);
		const attempts = (this.faultyCreates.get(attempt) ?? 0) + 1;
		this.faultyCreates.set(attempt, attempts);
		return attempts <= markers.create.times ? arm(markers.create.fault) : undefined;
	}

	private getTask(path: string, key: string): Outcome {
		const id = path.slice('/v1/tasks/'.length);
		const task = UUID.test(id) ? this.tasks.read(id, key) : null;
		if (task === null) return { answer: apiError('404') };
		return { answer: json(200, task), taskId: id, note: String(task['status']) };
	}

	private getCredits(key: string): Outcome {
		const { balance, totalPurchased, totalConsumed } = this.ledger.balance(key);
		return {
			answer: envelope({
				balance,
				total_purchased: totalPurchased,
				total_consumed: totalConsumed,
			}),
			note: `balance ${balance}`,
		};
	}
}

/** No endpoint documents a query, and no read a body. */
function refuseExtras(request: EmulatorRequest, route: Route): Answer | null {
	const [parameter] = request.query.keys();
	if (parameter !== undefined) {
		return apiError('400', `Unknown query parameter '${parameter}'.`);
	}
	if (route !== 'create' && request.body.length > 0) {
		return apiError('400', 'A GET request has no body.');
	}
	return null;
}
