import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';

import { runtimeFolder } from '../n8n/runtime';

/** n8n's own client of its database. */
const requireFromN8n = createRequire(join(runtimeFolder(), 'node_modules', 'n8n', 'package.json'));

interface PgClient {
	connect(): Promise<void>;
	query(sql: string): Promise<unknown>;
	end(): Promise<void>;
}

const pgSchema = z.object({
	Client: z.custom<new (options: object) => PgClient>((value) => typeof value === 'function'),
});

/** Runs a statement in the database that n8n's variables name. */
export async function runSql(env: Record<string, string>, sql: string): Promise<unknown> {
	const { Client } = pgSchema.parse(requireFromN8n('pg'));
	const client = new Client({
		host: env.DB_POSTGRESDB_HOST,
		port: Number(env.DB_POSTGRESDB_PORT),
		database: env.DB_POSTGRESDB_DATABASE,
		user: env.DB_POSTGRESDB_USER,
		password: env.DB_POSTGRESDB_PASSWORD,
	});
	await client.connect();
	try {
		return await client.query(sql);
	} finally {
		await client.end();
	}
}
