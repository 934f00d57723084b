import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { showOnFailure, tail } from './failureLogs';
import { ServerProcess, type ServerCommand } from './serverProcess';

const POLL_MS = 100;

/** The user that a server runs as, where it is not the present one. */
export interface Identity {
	uid: number;
	gid: number;
}

export interface ServerOptions {
	/** How logs and error messages call it. */
	name: string;
	/** The folder it runs in. */
	folder: string;
	/** Whether the folder stays when the server is stopped for good. */
	keepFolder?: boolean;
	/** Part of the line that it prints once it works. */
	readyLine: string;
	/** How long it may take until then. */
	startMs: number;
	/** What has to succeed after that line, too, before the server counts as started. */
	check?: () => Promise<void>;
	/** Asked for at every start. */
	command: () => Promise<ServerCommand>;
	onLine?: (line: string) => void;
}

/** A folder of its own for a server, below the system's temporary one. */
export function privateFolder(name: string, identity?: Identity): string {
	const folder = mkdtempSync(join(tmpdir(), `kling-${name}-`));
	if (identity !== undefined) chownSync(folder, identity.uid, identity.gid);
	return folder;
}

/**
 * A server of the tests' own: it is ready when `start` resolves, can be killed and started again in
 * its folder, shows the end of its log when a test fails, and never outlives this process.
 */
export class Server {
	readonly folder: string;
	private readonly lines: string[] = [];
	private readonly forgetLog: () => void;
	private process: ServerProcess | undefined;

	constructor(private readonly options: ServerOptions) {
		this.folder = options.folder;
		process.once('exit', this.abandon);
		this.forgetLog = showOnFailure(`${options.name} in ${this.folder}`, () => this.log());
	}

	/** 0 before the first start. */
	get pid(): number {
		return this.process?.pid ?? 0;
	}

	/** Everything it printed since it was first started. */
	log(): string {
		return this.lines.join('\n');
	}

	/** Resolves when it is ready; when it does not get there, it is ended and its log is in the error. */
	async start(): Promise<void> {
		const command = await this.options.command();
		const firstLine = this.lines.length;
		const started = new ServerProcess(command, this.folder, (line) => {
			this.lines.push(line);
			this.options.onLine?.(line);
		});
		this.process = started;
		try {
			await this.untilReady(started, firstLine);
		} catch (error) {
			await started.kill();
			throw error;
		}
	}

	/** SIGTERM, and the end of what is left after its time to tidy up; the folder stays. */
	async halt(): Promise<void> {
		await this.process?.stop();
	}

	/** SIGKILL for the server and its child processes; the folder stays. */
	async kill(): Promise<void> {
		await this.process?.kill();
	}

	/** Ends it for good, and removes its folder. */
	async stop(): Promise<void> {
		await this.halt();
		this.forgetLog();
		process.off('exit', this.abandon);
		this.removeFolder();
	}

	/** Resident memory of the server and its child processes. */
	async rssBytes(): Promise<number> {
		return (await this.process?.rssBytes()) ?? 0;
	}

	/** The last chance when this process exits without having stopped it. */
	private readonly abandon = (): void => {
		this.process?.abandon();
		this.removeFolder();
	};

	private removeFolder(): void {
		if (this.options.keepFolder === true) return;
		rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
	}

	private async untilReady(started: ServerProcess, firstLine: number): Promise<void> {
		const { name, startMs } = this.options;
		const giveUpAt = Date.now() + startMs;
		let reason = '';
		while (started.exit === undefined && Date.now() < giveUpAt) {
			try {
				if (await this.isReady(firstLine)) return;
			} catch (error) {
				reason = ` (${error instanceof Error ? error.message : String(error)})`;
			}
			await delay(POLL_MS);
		}
		const what =
			started.exit === undefined
				? `${name} was not ready after ${startMs / 1000} s${reason}`
				: `${name} ended with ${started.exit} while starting`;
		throw new Error(`${what}. The end of its log:\n${tail(this.log())}`);
	}

	private async isReady(firstLine: number): Promise<boolean> {
		const { readyLine, check } = this.options;
		if (!this.lines.slice(firstLine).some((line) => line.includes(readyLine))) return false;
		await check?.();
		return true;
	}
}
