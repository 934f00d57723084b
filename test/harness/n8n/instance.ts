import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

import { freePort } from '../process/ports';
import type { Server } from '../process/server';
import { N8nApi, type Owner } from './api';
import { n8nServer } from './server';

const STARTS = 2;
const HEALTH_MS = 2_000;

const ownerSchema = z.object({
	email: z.string(),
	password: z.string(),
	firstName: z.string(),
	lastName: z.string(),
});

export interface InstanceOptions {
	/** The packed package to install as a community node; without it n8n has its own nodes only. */
	tarball?: string;
	/** n8n's user folder; kept when given, else a temporary one that `stop()` removes. */
	userFolder?: string;
	port?: number;
	env?: Record<string, string>;
	log?: (line: string) => void;
}

/** A running n8n of one's own. */
export interface N8nInstance {
	readonly url: string;
	readonly port: number;
	readonly userFolder: string;
	readonly pid: number;
	readonly owner: Owner;
	readonly api: N8nApi;
	/** Everything n8n printed since it was first started. */
	log(): string;
	/** The production URL of a webhook path. */
	webhookUrl(path: string): string;
	stop(): Promise<void>;
	/** SIGKILL for the whole process group. */
	kill(): Promise<void>;
	/** Stops it if it runs, and starts it in the same folder and at the same port, logged in again. */
	restart(env?: Record<string, string>): Promise<void>;
	/** Resident memory of n8n and all its child processes. */
	rssBytes(): Promise<number>;
}

/** Starts n8n, makes its owner account and logs in. */
export async function startN8n(options: InstanceOptions = {}): Promise<N8nInstance> {
	if (options.userFolder !== undefined) mkdirSync(options.userFolder, { recursive: true });
	const instance = new Instance(options);
	try {
		await instance.start();
		return instance;
	} catch (error) {
		await instance.stop();
		throw error;
	}
}

class Instance implements N8nInstance {
	port = 0;
	api = new N8nApi('');
	readonly owner: Owner;
	private readonly server: Server;
	private env: Record<string, string>;

	constructor(private readonly options: InstanceOptions) {
		const { tarball, userFolder, log, env = {} } = options;
		this.env = env;
		this.server = n8nServer({
			kind: 'start',
			name: 'n8n',
			tarball,
			userFolder,
			log,
			settings: () => ({ port: this.port, env: this.env }),
			check: async () => await this.logIn(),
		});
		this.owner = ownerOf(this.server.folder);
	}

	get userFolder(): string {
		return this.server.folder;
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	get pid(): number {
		return this.server.pid;
	}

	log(): string {
		return this.server.log();
	}

	webhookUrl(path: string): string {
		return `${this.url}/webhook/${path.replace(/^\//, '')}`;
	}

	async start(): Promise<void> {
		for (let attempt = 1; ; attempt += 1) {
			this.port = this.options.port ?? (await freePort());
			this.api = new N8nApi(this.url);
			try {
				await this.server.start();
				return;
			} catch (error) {
				// Another process may have taken a free port in the meantime.
				const collision = /already in use|EADDRINUSE/.test(this.log());
				if (!collision || this.options.port !== undefined || attempt === STARTS) throw error;
			}
		}
	}

	async stop(): Promise<void> {
		await this.server.stop();
	}

	async kill(): Promise<void> {
		await this.server.kill();
	}

	async restart(env: Record<string, string> = {}): Promise<void> {
		await this.server.halt();
		this.env = { ...this.env, ...env };
		this.api = new N8nApi(this.url);
		await this.server.start();
	}

	async rssBytes(): Promise<number> {
		return await this.server.rssBytes();
	}

	private async logIn(): Promise<void> {
		const health = await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(HEALTH_MS) });
		if (!health.ok) throw new Error(`/healthz answers ${health.status}`);
		const marker = ownerFile(this.userFolder);
		if (!existsSync(marker)) {
			await this.api.setUpOwner(this.owner);
			writeFileSync(marker, JSON.stringify(this.owner), { mode: 0o600 });
		}
		await this.api.logIn(this.owner);
	}
}

function ownerFile(userFolder: string): string {
	return join(userFolder, 'owner.json');
}

function ownerOf(userFolder: string): Owner {
	const file = ownerFile(userFolder);
	if (existsSync(file)) return ownerSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
	return {
		email: 'owner@kling.example',
		// n8n asks for a digit and a capital letter.
		password: `Kling-1-${randomBytes(6).toString('hex')}`,
		firstName: 'Kling',
		lastName: 'Owner',
	};
}
