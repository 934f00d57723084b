import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { nativeCommand } from '../process/nativeCommand';
import { freePort } from '../process/ports';
import { privateFolder, Server, type Identity } from '../process/server';
import { postgresFolder } from './binaries';

const run = promisify(execFile);
const USER = 'n8n';
const START_MS = 30_000;

export interface OwnPostgres {
	readonly env: Record<string, string>;
	readonly server: Server;
}

/** Starts a PostgreSQL with a data folder of its own on a free loopback port, as it is set up by default. */
export async function startPostgres(): Promise<OwnPostgres> {
	const programs = postgresFolder();
	if (programs === undefined) throw new Error('PostgreSQL is not installed.');
	const identity = unprivilegedUser();
	const port = await freePort();
	const folder = privateFolder('postgres', identity);
	const data = join(folder, 'data');
	const program = join(programs, 'postgres');
	const args = [
		...['-D', data, '-p', String(port)],
		...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
	];
	const server = new Server({
		name: 'PostgreSQL',
		folder,
		readyLine: 'database system is ready to accept connections',
		startMs: START_MS,
		command: async () => nativeCommand({ program, args, folder, identity }),
	});
	const password = randomBytes(12).toString('hex');
	try {
		await initialize(programs, { folder, data, password }, identity);
		await server.start();
	} catch (error) {
		await server.stop();
		throw error;
	}
	return {
		env: {
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_HOST: '127.0.0.1',
			DB_POSTGRESDB_PORT: String(port),
			DB_POSTGRESDB_DATABASE: 'postgres',
			DB_POSTGRESDB_USER: USER,
			DB_POSTGRESDB_PASSWORD: password,
		},
		server,
	};
}

async function initialize(
	programs: string,
	place: { folder: string; data: string; password: string },
	identity: Identity | undefined,
): Promise<void> {
	const passwordFile = join(place.folder, 'password');
	writeFileSync(passwordFile, place.password, { mode: 0o600 });
	if (identity !== undefined) chownSync(passwordFile, identity.uid, identity.gid);
	await run(
		join(programs, 'initdb'),
		[
			...['-D', place.data, '-U', USER, '--pwfile', passwordFile],
			...['--auth', 'scram-sha-256', '-E', 'UTF8', '--no-locale', '--no-sync'],
		],
		{ cwd: place.folder, ...identity },
	);
}

/** PostgreSQL refuses to run as root; its Debian package brings a user for it. */
function unprivilegedUser(): Identity | undefined {
	if (process.getuid?.() !== 0) return undefined;
	const id = (flag: string) =>
		Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim());
	return { uid: id('-u'), gid: id('-g') };
}
