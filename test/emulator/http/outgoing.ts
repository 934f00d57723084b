import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';

export interface OutgoingRequest {
	method: string;
	url: string;
	headers?: Record<string, string>;
	body?: Buffer;
	/** For the whole exchange. */
	timeoutMs: number;
	/** The body is cut off beyond this. */
	maxBytes: number;
	signal: AbortSignal;
}

export interface IncomingAnswer {
	status: number;
	headers: IncomingHttpHeaders;
	body: Buffer;
	/** The body is longer than `maxBytes`. */
	tooLarge: boolean;
}

/** One request on a connection of its own; follows no redirect. Rejects when there is no complete answer. */
export function send(outgoing: OutgoingRequest): Promise<IncomingAnswer> {
	return new Promise((resolve, reject) => {
		const { method, url, body, timeoutMs, maxBytes, signal } = outgoing;
		const headers = {
			...outgoing.headers,
			...(body === undefined ? {} : { 'content-length': String(body.length) }),
		};
		const start = url.startsWith('https:') ? httpsRequest : httpRequest;
		// A shared agent would keep connections open after the emulator stopped.
		const client = start(url, { method, headers, agent: false });
		const timeout = setTimeout(
			() => client.destroy(new Error(`no answer within ${timeoutMs} ms`)),
			timeoutMs,
		);
		timeout.unref();
		const abort = () => client.destroy(new Error('the emulator was stopped or reset'));
		if (signal.aborted) abort();
		signal.addEventListener('abort', abort);
		client.on('close', () => {
			clearTimeout(timeout);
			signal.removeEventListener('abort', abort);
			reject(new Error('the connection was closed'));
		});
		client.on('error', reject);
		client.on('response', (response) => {
			const chunks: Buffer[] = [];
			let bytes = 0;
			const finish = (tooLarge: boolean) =>
				resolve({
					status: response.statusCode ?? 0,
					headers: response.headers,
					body: Buffer.concat(chunks),
					tooLarge,
				});
			response.on('data', (chunk: Buffer) => {
				chunks.push(chunk);
				bytes += chunk.length;
				if (bytes <= maxBytes) return;
				finish(true);
				client.destroy();
			});
			response.on('end', () => finish(false));
			response.on('error', reject);
		});
		client.end(body);
	});
}
