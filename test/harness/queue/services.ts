import type { Server } from '../process/server';
import { startPostgres } from './postgres';
import { startRedis } from './redis';

/** The Redis and the PostgreSQL that all processes of one n8n share. */
export interface Services {
	/** What n8n is told to find them. */
	readonly env: Record<string, string>;
	readonly redis: Server;
	stop(): Promise<void>;
}

/** Starts a Redis and a PostgreSQL on free ports. */
export async function startServices(): Promise<Services> {
	const postgres = await startPostgres();
	try {
		const redis = await startRedis();
		return {
			env: { ...postgres.env, ...redis.env },
			redis: redis.server,
			stop: async () => {
				await redis.server.stop();
				await postgres.server.stop();
			},
		};
	} catch (error) {
		await postgres.server.stop();
		throw error;
	}
}
