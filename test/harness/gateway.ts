import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { z } from 'zod';

const addressSchema = z.object({ port: z.number() });

export interface Gateway {
	/** `http://127.0.0.1:PORT` */
	readonly url: string;
	/** The paths that were kept from the server behind it, in their order. */
	readonly stopped: string[];
	stop(): Promise<void>;
}

/** What a gateway answers to a request that it does not pass on. */
export type Stop = (response: ServerResponse) => void;

/** What login pages and proxies do. */
export const STOPS = {
	'a redirect to a login': (response) =>
		response.writeHead(302, { location: 'https://login.example/start?key=1' }).end(),
	'a login in JSON': (response) =>
		response
			.writeHead(401, { 'content-type': 'application/json' })
			.end('{"code":401,"message":"The execution needs a token"}'),
	'a proxy without a way': (response) =>
		response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
} as const satisfies Record<string, Stop>;

/**
 * A gateway in front of a server, or a forward proxy: both pass requests on, a proxy to the address that
 * the request names.
 *
 * @param decide what becomes of a request: where it goes, or how it is stopped
 */
export async function startGateway(decide: (target: URL) => string | Stop): Promise<Gateway> {
	const stopped: string[] = [];
	const server = createServer((incoming: IncomingMessage, response) => {
		const target = new URL(incoming.url ?? '/', 'http://behind');
		const decision = decide(target);
		if (typeof decision === 'function') {
			stopped.push(target.pathname);
			incoming.resume();
			return decision(response);
		}
		const { method, headers } = incoming;
		const onward = request(`${decision}${target.pathname}${target.search}`, { method, headers });
		onward.on('response', (answer) => {
			response.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(response);
		});
		onward.on('error', () => response.destroy());
		return void incoming.pipe(onward);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = addressSchema.parse(server.address());
	return {
		url: `http://127.0.0.1:${port}`,
		stopped,
		stop: async () => {
			server.closeAllConnections();
			server.close();
			await once(server, 'close');
		},
	};
}
