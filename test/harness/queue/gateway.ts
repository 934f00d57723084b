import { createServer, ServerResponse } from 'node:http';
import { createProxyServer } from 'http-proxy';
import { z } from 'zod';

const addressSchema = z.object({ port: z.number() });

/** What n8n’s documentation sends to the webhook processors; all else is the main process’s. */
const FOR_WEBHOOK_PROCESSORS = /^\/(webhook|webhook-waiting|form|form-waiting|mcp)\//;

/** The load balancer in front of a distributed n8n: one public address for all its processes. */
export interface Gateway {
	readonly url: string;
	stop(): Promise<void>;
}

/** Starts it on a free loopback port. A process that is down is a 502. */
export async function startGateway(ports: { main: number; webhook: number }): Promise<Gateway> {
	const proxy = createProxyServer();
	proxy.on('error', (_error, _incoming, outgoing) => {
		if (outgoing instanceof ServerResponse && !outgoing.headersSent) outgoing.writeHead(502).end();
		else outgoing.destroy();
	});
	const server = createServer((incoming, outgoing) => {
		// A request's target may be a whole address: n8n's calls to itself at a loopback one are.
		const { pathname } = new URL(incoming.url ?? '/', 'http://n8n');
		const port = FOR_WEBHOOK_PROCESSORS.test(pathname) ? ports.webhook : ports.main;
		proxy.web(incoming, outgoing, { target: `http://127.0.0.1:${port}` });
	});
	server.unref();
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', resolve);
	});
	const { port } = addressSchema.parse(server.address());
	return {
		url: `http://127.0.0.1:${port}`,
		stop: async () => {
			server.closeAllConnections();
			await new Promise<void>((resolve) => server.close(() => resolve()));
		},
	};
}
