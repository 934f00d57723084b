import {
	createServer,
	request,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** What n8n’s documentation sends to the webhook processors; all else is the main process’s. */
const FOR_WEBHOOK_PROCESSORS = /^\/(webhook|webhook-waiting|form|form-waiting|mcp)\//;

/** The load balancer in front of a distributed n8n: one public address for all its processes. */
export interface Gateway {
	readonly url: string;
	stop(): Promise<void>;
}

/** Starts it on a free loopback port. A process that is down is a 502. */
export async function startGateway(ports: { main: number; webhook: number }): Promise<Gateway> {
	const server = createServer((incoming, outgoing) => {
		const port = FOR_WEBHOOK_PROCESSORS.test(incoming.url ?? '') ? ports.webhook : ports.main;
		pass(incoming, outgoing, port);
	});
	server.unref();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${portOf(server)}`,
		stop: async () => {
			server.closeAllConnections();
			await new Promise<void>((resolve) => server.close(() => resolve()));
		},
	};
}

function pass(incoming: IncomingMessage, outgoing: ServerResponse, port: number): void {
	const { method, url, headers } = incoming;
	const forwarded = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
		outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
		answer.pipe(outgoing);
		answer.once('error', () => outgoing.destroy());
	});
	forwarded.once('error', () => {
		if (outgoing.headersSent) outgoing.destroy();
		else outgoing.writeHead(502).end();
	});
	incoming.pipe(forwarded);
}

function portOf(server: Server): number {
	const address: AddressInfo | string | null = server.address();
	if (address === null || typeof address === 'string') throw new Error('No port was assigned.');
	return address.port;
}
