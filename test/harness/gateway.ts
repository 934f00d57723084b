import { request, type ServerResponse } from 'node:http';

import { type HttpServer, startHttpServer } from './httpServer';

export interface Gateway extends HttpServer {
	/** The paths that were kept from the server behind it, in their order. */
	readonly stopped: string[];
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
 * A gateway in front of servers, or a forward proxy: both pass requests on, a proxy to the address that
 * the request names. A server that is down is a 502.
 *
 * @param decide what becomes of a request: where it goes, or how it is stopped
 */
export async function startGateway(decide: (target: URL) => string | Stop): Promise<Gateway> {
	const stopped: string[] = [];
	const server = await startHttpServer((incoming, response) => {
		const target = new URL(incoming.url ?? '/', 'http://behind');
		const decision = decide(target);
		if (typeof decision === 'function') {
			stopped.push(target.pathname);
			incoming.resume();
			return decision(response);
		}
		const { method, headers } = incoming;
		const address = `${decision}${target.pathname}${target.search}`;
		// A shared agent would go on with connections to a server that was killed.
		const onward = request(address, { method, headers, agent: false });
		onward.on('response', (answer) => {
			response.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(response);
		});
		onward.on('error', () => {
			if (response.headersSent) response.destroy();
			else response.writeHead(502).end();
		});
		return void incoming.pipe(onward);
	});
	return { ...server, stopped };
}
