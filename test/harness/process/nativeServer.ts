import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { showOnFailure, tail } from './failureLogs';
import { ServerProcess } from './serverProcess';

const WRAPPER = join(__dirname, 'native.cjs');
const START_MS = 30_000;
const POLL_MS = 50;

/** The user that a server runs as, where it is not the present one. */
export interface Identity {
	uid: number;
	gid: number;
}

export interface NativeCommand {
	name: string;
	program: string;
	args: string[];
	/** What the server prints once it accepts connections. */
	readyLine: string;
	folder: string;
	identity?: Identity;
}

/** A folder of its own for a server, below the system's temporary one. */
export function privateFolder(name: string, identity?: Identity): string {
	const folder = mkdtempSync(join(tmpdir(), `kling-${name}-`));
	if (identity !== undefined) chownSync(folder, identity.uid, identity.gid);
	return folder;
}

/** A server that is not written for Node, with a folder that goes when the server goes. */
export class NativeServer {
	private readonly lines: string[] = [];
	private readonly forgetLog: () => void;
	private server: ServerProcess | undefined;

	constructor(private readonly command: NativeCommand) {
		process.once('exit', this.abandon);
		this.forgetLog = showOnFailure(command.name, () => this.lines.join('\n'));
	}

	/** Starts it, again after `kill`, and resolves when it accepts connections. */
	async start(): Promise<void> {
		const { name, program, args, folder, identity, readyLine } = this.command;
		const seen = this.lines.length;
		const who = [identity?.uid, identity?.gid].map((id) => (id === undefined ? '-' : String(id)));
		const server = new ServerProcess({
			node: process.execPath,
			args: [WRAPPER, ...who, program, ...args],
			cwd: folder,
			env: { PATH: process.env.PATH ?? '', LANG: 'C', HOME: folder },
			onLine: (line) => this.lines.push(line),
		});
		this.server = server;
		const giveUpAt = Date.now() + START_MS;
		while (!this.lines.slice(seen).some((line) => line.includes(readyLine))) {
			if (server.exit !== undefined || Date.now() > giveUpAt) {
				throw new Error(`${name} did not start:\n${tail(this.lines.join('\n'))}`);
			}
			await delay(POLL_MS);
		}
	}

	/** SIGKILL. */
	async kill(): Promise<void> {
		await this.server?.kill();
	}

	rssBytes(): number {
		return this.server?.rssBytes() ?? 0;
	}

	async stop(): Promise<void> {
		await this.server?.stop();
		this.forgetLog();
		process.off('exit', this.abandon);
		this.removeFolder();
	}

	private readonly abandon = (): void => {
		this.server?.abandon();
		this.removeFolder();
	};

	private removeFolder(): void {
		rmSync(this.command.folder, {
			recursive: true,
			force: true,
			maxRetries: 5,
			retryDelay: 50,
		});
	}
}
