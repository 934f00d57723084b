import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import tls from 'node:tls';

import { generate } from 'selfsigned';
import { z } from 'zod';

/** How the connection breaks once the request was carried out. */
export const TLS_BREAKS = {
	/** Plain text in the middle of a secure connection, as a proxy sends it. */
	'plain text': Buffer.from('HTTP/1.1 502 Bad Gateway\r\n\r\n'),
	/** A record that cannot be decrypted. */
	'a damaged record': Buffer.from([0x17, 0x03, 0x03, 0x00, 0x20, ...Array<number>(32).fill(7)]),
} as const;

export type TlsBreak = keyof typeof TLS_BREAKS;

export interface TlsFront {
	/** `https://127.0.0.1:PORT` */
	readonly url: string;
	/** The certificate in PEM. It is its own authority. */
	readonly certificate: string;
	/** From now on no answer gets through; null: all do. */
	breakWith(how: TlsBreak | null): void;
	stop(): Promise<void>;
}

const addressSchema = z.object({ port: z.number() });

async function listen(server: Server): Promise<number> {
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return addressSchema.parse(server.address()).port;
}

function selfSigned(): { certificate: string; key: string } {
	const { cert, private: key } = generate([{ name: 'commonName', value: '127.0.0.1' }], {
		keySize: 2048,
		algorithm: 'sha256',
		extensions: [
			{ name: 'basicConstraints', cA: true },
			{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
		],
	});
	return { certificate: cert, key };
}

/**
 * An HTTPS server in front of an HTTP one: it passes requests on, and can break the secure
 * connection after a request was carried out, before its answer.
 */
export async function startTlsFront(target: string): Promise<TlsFront> {
	const { certificate, key } = selfSigned();
	let broken: TlsBreak | null = null;
	const clients = new Map<number | undefined, Socket>();

	const inner = createHttpsServer({ cert: certificate, key }, (request, response) => {
		const pass = async () => {
			const answer = await fetch(`${target}${request.url ?? ''}`, {
				method: request.method,
				headers: {
					authorization: request.headers.authorization ?? '',
					'content-type': request.headers['content-type'] ?? 'text/plain',
				},
				body: request.method === 'GET' ? undefined : await buffer(request),
			});
			const body = Buffer.from(await answer.arrayBuffer());
			const client = clients.get(request.socket.remotePort);
			if (broken !== null) client?.write(TLS_BREAKS[broken]);
			else response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body);
		};
		pass().catch(() => request.socket.destroy());
	});
	const innerPort = await listen(inner);

	// What is written here goes to the client beside the secure connection.
	const outer = createServer((client) => {
		const server = connect(innerPort, '127.0.0.1');
		server.on('connect', () => {
			clients.set(server.localPort, client);
			client.pipe(server);
			server.pipe(client);
		});
		for (const socket of [client, server]) {
			socket.on('error', () => socket.destroy());
			socket.on('close', () => {
				client.destroy();
				server.destroy();
			});
		}
	});
	const port = await listen(outer);

	return {
		url: `https://127.0.0.1:${port}`,
		certificate,
		breakWith: (how) => {
			broken = how;
		},
		stop: async () => {
			for (const client of clients.values()) client.destroy();
			inner.closeAllConnections();
			await Promise.all(
				[inner, outer].map(async (server) => {
					server.close();
					await once(server, 'close');
				}),
			);
		},
	};
}

/**
 * Has this process accept the certificates of one authority only, until `restore` is called: Node.js
 * reads further ones from a file at its start (`NODE_EXTRA_CA_CERTS`), not later.
 */
export function trustOnly(certificate: string): { restore(): void } {
	const { createSecureContext } = tls;
	tls.createSecureContext = (options) => createSecureContext({ ...options, ca: [certificate] });
	return {
		restore: () => {
			tls.createSecureContext = createSecureContext;
		},
	};
}
