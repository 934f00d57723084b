import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export const HOST = '127.0.0.1';
/** A thousand clients that come at once must not be refused. */
const BACKLOG = 4_096;
/** Longer than any client keeps an idle connection, so that none is closed under its feet. */
const KEEP_ALIVE_MS = 65_000;

/** A listening socket that can be closed for good measure and opened again on the same port. */
export class Listener {
	private server: Server | null = null;

	private readonly sockets = new Set<Socket>();

	private waiting: Array<() => void> = [];

	constructor(
		private readonly handler: RequestListener,
		private portNumber: number,
	) {}

	/** The port in use, known once the listener was opened. */
	get port(): number {
		return this.portNumber;
	}

	/** Rejects with the system's error when the port is taken. */
	async open(): Promise<void> {
		if (this.server !== null) return;
		const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, this.handler);
		server.on('connection', (socket) => {
			this.sockets.add(socket);
			socket.on('close', () => this.sockets.delete(socket));
		});
		this.server = server;
		try {
			await new Promise<void>((resolve, reject) => {
				server.once('error', reject);
				server.listen({ port: this.portNumber, host: HOST, backlog: BACKLOG }, resolve);
			});
		} catch (error) {
			this.server = null;
			throw error;
		}
		this.portNumber = addressOf(server).port;
		for (const resume of this.waiting.splice(0)) resume();
	}

	/** Stops listening and cuts every open connection. */
	async close(): Promise<void> {
		const { server } = this;
		if (server === null) return;
		this.server = null;
		const closed = new Promise((resolve) => server.close(resolve));
		for (const socket of this.sockets) socket.destroy();
		await closed;
	}

	/** Resolves while the listener is open, or as soon as it is opened again. */
	async opened(): Promise<void> {
		if (this.server !== null) return;
		await new Promise<void>((resolve) => this.waiting.push(resolve));
	}
}

function addressOf(server: Server): AddressInfo {
	const address = server.address();
	if (address === null || typeof address === 'string') throw new Error('The server has no port');
	return address;
}
