import { nativeCommand } from '../process/nativeCommand';
import { freePort } from '../process/ports';
import { privateFolder, Server } from '../process/server';
import { redisProgram } from './binaries';

const START_MS = 30_000;

/** A Redis of one's own, which keeps its data over `kill` and `start` as a sensibly set up one does. */
export interface OwnRedis {
	readonly env: Record<string, string>;
	readonly server: Server;
}

/** Starts a Redis on a free loopback port. */
export async function startRedis(): Promise<OwnRedis> {
	const program = redisProgram();
	if (program === undefined) throw new Error('redis-server is not installed.');
	const port = await freePort();
	const folder = privateFolder('redis');
	const args = [
		...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
		...['--appendonly', 'yes', '--save', ''],
	];
	const server = new Server({
		name: 'Redis',
		folder,
		readyLine: 'Ready to accept connections',
		startMs: START_MS,
		command: async () => nativeCommand({ program, args, folder }),
	});
	try {
		await server.start();
	} catch (error) {
		await server.stop();
		throw error;
	}
	return {
		env: { QUEUE_BULL_REDIS_HOST: '127.0.0.1', QUEUE_BULL_REDIS_PORT: String(port) },
		server,
	};
}
