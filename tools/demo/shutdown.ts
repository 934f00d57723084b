import { messageOf } from './fault';

const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** One Ctrl-C can arrive several times: from the terminal, and passed on by npm. */
const SAME_PRESS_MS = 1_500;

/** The user wants it to end. */
export class Interrupted extends Error {}

/** Everything that has to be undone at the end, in whatever way the end comes. */
export class Shutdown {
	private readonly undo: Array<() => Promise<void>> = [];
	private readonly interrupted: Promise<never>;

	constructor() {
		let firstSignalAt: number | undefined;
		this.interrupted = new Promise<never>((_, reject) => {
			const onSignal = () => {
				firstSignalAt ??= Date.now();
				// Servers end with this process, if not as politely.
				if (Date.now() - firstSignalAt > SAME_PRESS_MS) process.exit(1);
				reject(new Interrupted());
			};
			for (const signal of SIGNALS) process.on(signal, onSignal);
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

	async end(): Promise<void> {
		for (let undo = this.undo.pop(); undo !== undefined; undo = this.undo.pop()) {
			await undo().catch((error: unknown) => console.error(messageOf(error)));
		}
	}
}
