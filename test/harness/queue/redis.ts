import { freePorts } from '../process/ports';
import { redisProgram } from './binaries';
import { NativeServer, privateFolder } from '../process/nativeServer';

/** A Redis of one's own, which keeps its data over `kill` and `start` as a sensibly set up one does. */
export interface OwnRedis {
	readonly env: Record<string, string>;
	readonly server: NativeServer;
}

/** Starts a Redis on a free loopback port. */
export async function startRedis(): Promise<OwnRedis> {
	const program = redisProgram();
	if (program === undefined) throw new Error('redis-server is not installed.');
	const [port = 0] = await freePorts(1);
	const folder = privateFolder('redis');
	const server = new NativeServer({
		name: 'Redis',
		program,
		args: [
			...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
			...['--appendonly', 'yes', '--save', ''],
		],
		readyLine: 'Ready to accept connections',
		folder,
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
