import { messageOf } from './fault';

const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** One Ctrl-C can arrive several times: from the terminal, and passed on by npm. */
const SAME_PRESS_MS = 1_500;
const ORPHAN_POLL_MS = 500;

/** Whoever started this may be killed without a chance to pass that on. */
function onOrphaned(end: () => void): void {
	const parent = process.ppid;
	const timer = setInterval(() => {
		if (process.ppid === parent) return;
		clearInterval(timer);
		end();
	}, ORPHAN_POLL_MS);
	timer.unref();
}

/** Thrown by `interrupted` when the user wants the demo to end. */
export class Interrupted extends Error {
	constructor(readonly signal: NodeJS.Signals) {
		super(`stopped by ${signal}`);
	}
}

/** Everything that has to be undone at the end, in whatever way the end comes. */
export class Shutdown {
	/** Rejects when the process is asked to end. */
	readonly interrupted: Promise<never>;
	private readonly undo: Array<() => Promise<void>> = [];
	private firstSignalAt: number | undefined;
	private ended: Promise<void> | undefined;

	constructor() {
		this.interrupted = new Promise<never>((_, reject) => {
			for (const signal of SIGNALS) process.on(signal, () => this.onSignal(signal, reject));
			onOrphaned(() => this.onSignal('SIGTERM', reject));
		});
		this.interrupted.catch(() => undefined);
	}

	/** Has something undone at the end, the last thing first. */
	add(undo: () => Promise<void>): void {
		this.undo.push(undo);
	}

	/** Waits for work, but not past an interruption. */
	async unlessInterrupted<T>(work: Promise<T>): Promise<T> {
		return await Promise.race([work, this.interrupted]);
	}

	/** Undoes everything; called again, waits for the first call. */
	async end(): Promise<void> {
		this.ended ??= this.undoAll();
		await this.ended;
	}

	private async undoAll(): Promise<void> {
		for (let undo = this.undo.pop(); undo !== undefined; undo = this.undo.pop()) {
			await undo().catch((error: unknown) => console.error(messageOf(error)));
		}
	}

	private onSignal(signal: NodeJS.Signals, reject: (reason: Interrupted) => void): void {
		const now = Date.now();
		this.firstSignalAt ??= now;
		// Servers end with this process, if not as politely.
		if (now - this.firstSignalAt > SAME_PRESS_MS) process.exit(1);
		reject(new Interrupted(signal));
	}
}
