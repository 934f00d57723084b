import { randomBytes } from 'node:crypto';

import type { Server } from '../process/server';
import { givenPostgres, givenRedis } from './binaries';
import { clearRedis, runSql } from './clients';
import { startPostgres } from './postgres';
import { startRedis } from './redis';

/** The Redis and the PostgreSQL that all processes of one n8n share. */
export interface Services {
	/** What n8n is told to find them. */
	readonly env: Record<string, string>;
	/** The Redis started here; undefined when it runs elsewhere. */
	readonly redis: Server | undefined;
	stop(): Promise<void>;
}

interface Service {
	env: Record<string, string>;
	server?: Server;
	stop(): Promise<void>;
}

/**
 * Starts a Redis and a PostgreSQL on free ports. Where `QUEUE_BULL_REDIS_HOST` or
 * `DB_POSTGRESDB_HOST` names one, that is used instead, under a prefix and in a schema of its own,
 * which `stop()` removes.
 */
export async function startServices(): Promise<Services> {
	const postgres = givenPostgres() === undefined ? await ownPostgres() : await givenSchema();
	try {
		const redis = givenRedis() === undefined ? await ownRedis() : givenPrefix();
		return {
			env: { ...postgres.env, ...redis.env },
			redis: redis.server,
			stop: async () => {
				await redis.stop();
				await postgres.stop();
			},
		};
	} catch (error) {
		await postgres.stop();
		throw error;
	}
}

async function ownPostgres(): Promise<Service> {
	const { env, server } = await startPostgres();
	return { env, server, stop: async () => await server.stop() };
}

async function ownRedis(): Promise<Service> {
	const { env, server } = await startRedis();
	return { env, server, stop: async () => await server.stop() };
}

/** The variables of this process that begin so. */
function variables(prefix: string): Record<string, string> {
	const found: Record<string, string> = {};
	for (const [name, value] of Object.entries(process.env)) {
		if (name.startsWith(prefix) && value !== undefined) found[name] = value;
	}
	return found;
}

async function givenSchema(): Promise<Service> {
	const schema = `kling_${randomBytes(4).toString('hex')}`;
	const given = variables('DB_POSTGRESDB_');
	await runSql(given, `CREATE SCHEMA ${schema}`);
	return {
		env: { ...given, DB_TYPE: 'postgresdb', DB_POSTGRESDB_SCHEMA: schema },
		stop: async () => {
			await runSql(given, `DROP SCHEMA ${schema} CASCADE`);
		},
	};
}

function givenPrefix(): Service {
	const prefix = `kling-${randomBytes(4).toString('hex')}`;
	const given = variables('QUEUE_BULL_REDIS_');
	return {
		env: { ...given, QUEUE_BULL_PREFIX: prefix, N8N_REDIS_KEY_PREFIX: `${prefix}-n8n` },
		stop: async () => await clearRedis(given, prefix),
	};
}
