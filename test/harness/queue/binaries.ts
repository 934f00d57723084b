import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const POSTGRES_FOLDERS = ['/usr/lib/postgresql', '/usr/local/lib/postgresql'];
/** Where Homebrew puts programs that are not on the path of every shell. */
const MORE_FOLDERS = ['/usr/local/bin', '/opt/homebrew/bin'];

/** The folder of PostgreSQL's server programs; undefined when they are not installed. */
export function postgresFolder(): string | undefined {
	const versions = POSTGRES_FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
		readdirSync(folder)
			.sort((a, b) => Number(b) - Number(a))
			.map((version) => join(folder, version, 'bin')),
	);
	return [...versions, ...searchPath()].find(
		(folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
	);
}

/** The Redis server's program; undefined when it is not installed. */
export function redisProgram(): string | undefined {
	return searchPath()
		.map((folder) => join(folder, 'redis-server'))
		.find((file) => existsSync(file));
}

/** A Redis server that runs elsewhere, as n8n's own variable names it. */
export function givenRedis(): string | undefined {
	return variable('QUEUE_BULL_REDIS_HOST');
}

/** A PostgreSQL server that runs elsewhere, as n8n's own variable names it. */
export function givenPostgres(): string | undefined {
	return variable('DB_POSTGRESDB_HOST');
}

/** What queue mode needs and this machine does not have, with how to get it; empty when all is there. */
export function missingServices(): string[] {
	const missing: string[] = [];
	if (givenRedis() === undefined && redisProgram() === undefined) {
		missing.push('redis-server (or QUEUE_BULL_REDIS_HOST)');
	}
	if (givenPostgres() === undefined && postgresFolder() === undefined) {
		missing.push('postgresql (or DB_POSTGRESDB_HOST)');
	}
	return missing;
}

function variable(name: string): string | undefined {
	const value = process.env[name];
	return value === '' ? undefined : value;
}

function searchPath(): string[] {
	return [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...MORE_FOLDERS];
}
