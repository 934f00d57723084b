import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { N8nApi, type Owner } from './api';
import { installPackage } from './communityPackage';
import { instanceEnvironment } from './environmentVariables';
import { showOnFailure, tail } from '../process/failureLogs';
import { freePorts } from '../process/ports';
import { ensureRuntime, type Runtime } from './runtime';
import { ServerProcess } from '../process/serverProcess';

const START_MS = 120_000;
const POLL_MS = 150;
const STARTS = 2;
/** Printed when the server listens and all active workflows are active again. */
const READY_LINE = 'Editor is now accessible';
const HEAP_MB = 1536;

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
	const runtime = await ensureRuntime(options.log);
	const userFolder = options.userFolder ?? mkdtempSync(join(tmpdir(), 'kling-n8n-'));
	mkdirSync(userFolder, { recursive: true });
	const instance = new Instance(runtime, userFolder, options);
	try {
		if (options.tarball !== undefined) await installPackage(options.tarball, userFolder);
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
	private readonly lines: string[] = [];
	private readonly forgetLog: () => void;
	private server: ServerProcess | undefined;
	private env: Record<string, string>;

	constructor(
		private readonly runtime: Runtime,
		readonly userFolder: string,
		private readonly options: InstanceOptions,
	) {
		this.env = options.env ?? {};
		this.owner = ownerOf(userFolder);
		process.once('exit', this.abandon);
		this.forgetLog = showOnFailure(`n8n in ${userFolder}`, () => this.log());
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	get pid(): number {
		return this.server?.pid ?? 0;
	}

	log(): string {
		return this.lines.join('\n');
	}

	webhookUrl(path: string): string {
		return `${this.url}/webhook/${path.replace(/^\//, '')}`;
	}

	async start(): Promise<void> {
		for (let attempt = 1; ; attempt += 1) {
			const [free = 0, broker = 0] = await freePorts(2);
			if (attempt > 1 || this.port === 0) this.port = this.options.port ?? free;
			try {
				await this.startOnce(broker);
				return;
			} catch (error) {
				// Another process may have taken a free port in the meantime.
				const collision = /already in use|EADDRINUSE/.test(this.log());
				if (!collision || this.options.port !== undefined || attempt === STARTS) throw error;
			}
		}
	}

	async stop(): Promise<void> {
		await this.server?.stop();
		this.server = undefined;
		this.forgetLog();
		process.off('exit', this.abandon);
		this.removeFolder();
	}

	async kill(): Promise<void> {
		await this.server?.kill();
	}

	async restart(env: Record<string, string> = {}): Promise<void> {
		await this.server?.stop();
		this.env = { ...this.env, ...env };
		await this.startOnce((await freePorts(1))[0] ?? 0);
	}

	async rssBytes(): Promise<number> {
		return await Promise.resolve(this.server?.rssBytes() ?? 0);
	}

	/** The last chance when the process exits without having stopped its n8n. */
	private readonly abandon = (): void => {
		this.server?.abandon();
		this.removeFolder();
	};

	private removeFolder(): void {
		if (this.options.userFolder !== undefined) return;
		rmSync(this.userFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
	}

	private async startOnce(brokerPort: number): Promise<void> {
		this.print(`[harness] n8n starts at ${this.url}`);
		const server = new ServerProcess({
			node: this.runtime.node,
			args: [`--max-old-space-size=${HEAP_MB}`, this.runtime.n8n, 'start'],
			cwd: this.userFolder,
			env: {
				...instanceEnvironment({
					userFolder: this.userFolder,
					port: this.port,
					brokerPort,
					disabledModules: this.runtime.onlineModules,
				}),
				...this.env,
			},
			onLine: (line) => this.print(line),
		});
		this.server = server;
		try {
			await this.untilReady(server);
		} catch (error) {
			await server.kill();
			throw error;
		}
	}

	private print(line: string): void {
		this.lines.push(line);
		this.options.log?.(line);
	}

	private async untilReady(server: ServerProcess): Promise<void> {
		const giveUpAt = Date.now() + START_MS;
		this.api = new N8nApi(this.url);
		const firstLine = this.lines.length;
		let reason = 'no answer';
		while (server.exit === undefined && Date.now() < giveUpAt) {
			try {
				if (!this.lines.slice(firstLine).some((line) => line.includes(READY_LINE))) {
					throw new Error('it still starts');
				}
				await this.logIn();
				return;
			} catch (error) {
				reason = error instanceof Error ? error.message : String(error);
			}
			await delay(POLL_MS);
		}
		const what =
			server.exit === undefined
				? `n8n was not ready after ${START_MS / 1000} s (${reason})`
				: `n8n ended with ${server.exit} while starting`;
		throw new Error(`${what}. The end of its log:\n${tail(this.log())}`);
	}

	private async logIn(): Promise<void> {
		const health = await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(2_000) });
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
