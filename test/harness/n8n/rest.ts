import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const TIMEOUT_MS = 30_000;
const BUSY_MS = 60_000;
const BUSY_PAUSE_MS = 500;

const envelopeSchema = z.object({ data: z.unknown() });
const failureSchema = z.object({ message: z.string() });

/** The account that owns an instance. */
export interface Owner {
	email: string;
	password: string;
	firstName: string;
	lastName: string;
}

/** A request that n8n refused. */
export class N8nApiError extends Error {
	constructor(
		readonly status: number,
		readonly body: string,
		request: string,
	) {
		super(`${request} gave HTTP ${status}: ${messageOf(body)}`);
		this.name = 'N8nApiError';
	}
}

function messageOf(body: string): string {
	try {
		return failureSchema.parse(JSON.parse(body)).message;
	} catch {
		return body.slice(0, 300);
	}
}

/** HTTP with n8n's session: its cookie, and the browser id that the cookie is tied to. */
export class RestClient {
	private readonly browserId = randomUUID();
	private cookie = '';

	constructor(private readonly url: string) {}

	async get(path: string): Promise<unknown> {
		return await this.call('GET', path);
	}

	async post(path: string, body: unknown): Promise<unknown> {
		return await this.call('POST', path, body);
	}

	async delete(path: string): Promise<unknown> {
		return await this.call('DELETE', path);
	}

	/** JSON from outside `/rest`, which comes without the envelope. */
	async getPublic(path: string): Promise<unknown> {
		return await (await this.fetch('GET', path)).json();
	}

	async download(path: string): Promise<Buffer> {
		const response = await this.fetch('GET', `/rest${path}`);
		return Buffer.from(await response.arrayBuffer());
	}

	private async call(method: string, path: string, body?: unknown): Promise<unknown> {
		const response = await this.fetch(method, `/rest${path}`, body);
		const text = await response.text();
		return text === '' ? undefined : envelopeSchema.parse(JSON.parse(text)).data;
	}

	/**
	 * n8n turns away its own editor with 503 for a while when its database did not answer a ping in
	 * time, as happens under a burst of calls: nothing was done then, so the call is made again.
	 */
	private async fetch(method: string, path: string, body?: unknown): Promise<Response> {
		const giveUpAt = Date.now() + BUSY_MS;
		for (;;) {
			const error = await this.fetchOnce(method, path, body);
			if (!(error instanceof N8nApiError)) return error;
			if (error.status !== 503 || Date.now() > giveUpAt) throw error;
			await delay(BUSY_PAUSE_MS);
		}
	}

	private async fetchOnce(
		method: string,
		path: string,
		body: unknown,
	): Promise<Response | N8nApiError> {
		const response = await fetch(`${this.url}${path}`, {
			method,
			signal: AbortSignal.timeout(TIMEOUT_MS),
			headers: {
				'browser-id': this.browserId,
				// A busy n8n may close a connection in the moment in which it is used again.
				connection: 'close',
				...(this.cookie === '' ? {} : { cookie: this.cookie }),
				...(body === undefined ? {} : { 'content-type': 'application/json' }),
			},
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		if (!response.ok) {
			return new N8nApiError(response.status, await response.text(), `${method} ${path}`);
		}
		const session = response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
		if (session.length > 0) this.cookie = session.join('; ');
		return response;
	}
}
