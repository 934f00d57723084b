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

/** What queue mode needs and this machine does not have; empty when all is there. */
export function missingServices(): string[] {
	const missing: string[] = [];
	if (redisProgram() === undefined) missing.push('redis-server');
	if (postgresFolder() === undefined) missing.push('postgresql');
	return missing;
}

function searchPath(): string[] {
	return [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...MORE_FOLDERS];
}
