import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const ORPHAN_POLL_MS = 500;

/**
 * Runs a command to its end and resolves with its exit code (128 + number for a signal). Signals
 * that this process gets reach the command, and this process outlives it: nothing is left behind.
 */
export async function runCommand(command, args, options = {}) {
	const child = spawn(command, args, { stdio: 'inherit', ...options });
	const pass = (signal) => child.kill(signal);
	SIGNALS.forEach((signal) => process.on(signal, pass));
	const orphaned = watchParent(() => pass('SIGTERM'));
	try {
		return await new Promise((resolve, reject) => {
			child.once('error', reject);
			child.once('close', (code, signal) =>
				resolve(code ?? 128 + (constants.signals[signal] ?? 0)),
			);
			options.onSpawn?.(child);
		});
	} finally {
		SIGNALS.forEach((signal) => process.off(signal, pass));
		clearInterval(orphaned);
	}
}

/** npm may be killed without a chance to pass the signal on; then this process gets a new parent. */
function watchParent(onOrphaned) {
	if (process.env.npm_lifecycle_event === undefined) return undefined;
	const parent = process.ppid;
	const timer = setInterval(() => {
		if (process.ppid === parent) return;
		clearInterval(timer);
		onOrphaned();
	}, ORPHAN_POLL_MS);
	timer.unref();
	return timer;
}
