import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { z } from 'zod';

/** An HTTP server on a free loopback port that answers as a test says. */
export interface HttpServer {
	/** `http://127.0.0.1:PORT` */
	readonly url: string;
	stop(): Promise<void>;
}

const addressSchema = z.object({ port: z.number() });

export async function startHttpServer(answer: RequestListener): Promise<HttpServer> {
	const server = createServer(answer);
	server.unref();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = addressSchema.parse(server.address());
	return {
		url: `http://127.0.0.1:${port}`,
		stop: async () => {
			server.closeAllConnections();
			server.close();
			await once(server, 'close');
		},
	};
}
