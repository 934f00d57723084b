import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';

import { runtimeFolder } from '../n8n/runtime';

/** n8n's own clients of its database and its queue, for tidying up where both run elsewhere. */
const requireFromN8n = createRequire(join(runtimeFolder(), 'node_modules', 'n8n', 'package.json'));

interface PgClient {
	connect(): Promise<void>;
	query(sql: string): Promise<unknown>;
	end(): Promise<void>;
}

interface RedisClient {
	keys(pattern: string): Promise<string[]>;
	del(...keys: string[]): Promise<number>;
	disconnect(): void;
}

const pgSchema = z.object({
	Client: z.custom<new (options: object) => PgClient>((value) => typeof value === 'function'),
});
const redisSchema = z.custom<new (options: object) => RedisClient>(
	(value) => typeof value === 'function',
);

/** Runs a statement in the database that n8n's variables name. */
export async function runSql(env: Record<string, string>, sql: string): Promise<unknown> {
	const { Client } = pgSchema.parse(requireFromN8n('pg'));
	const client = new Client({
		host: env.DB_POSTGRESDB_HOST,
		port: Number(env.DB_POSTGRESDB_PORT ?? 5432),
		database: env.DB_POSTGRESDB_DATABASE ?? 'n8n',
		user: env.DB_POSTGRESDB_USER ?? 'postgres',
		password: env.DB_POSTGRESDB_PASSWORD ?? '',
		options: `-c search_path=${env.DB_POSTGRESDB_SCHEMA ?? 'public'}`,
	});
	await client.connect();
	try {
		return await client.query(sql);
	} finally {
		await client.end();
	}
}

/** Removes all keys under a prefix from the Redis that n8n's variables name. */
export async function clearRedis(env: Record<string, string>, prefix: string): Promise<void> {
	const Redis = redisSchema.parse(requireFromN8n('ioredis'));
	const client = new Redis({
		host: env.QUEUE_BULL_REDIS_HOST,
		port: Number(env.QUEUE_BULL_REDIS_PORT ?? 6379),
		db: Number(env.QUEUE_BULL_REDIS_DB ?? 0),
		username: env.QUEUE_BULL_REDIS_USERNAME,
		password: env.QUEUE_BULL_REDIS_PASSWORD,
	});
	try {
		const keys = await client.keys(`*${prefix}*`);
		if (keys.length > 0) await client.del(...keys);
	} finally {
		client.disconnect();
	}
}
