/**
 * Loaded into what npm scripts run: it ends with the npm that started it. npm passes signals on,
 * but it may be killed without a chance to do so. Then this process gets another parent, or the
 * shell does that npm started it by.
 */
const { readFileSync } = require('node:fs');

const POLL_MS = 500;

function ancestors() {
	return `${process.ppid} ${parentOf(process.ppid)}`;
}

/** Known on Linux; elsewhere the shell is replaced by what it runs. */
function parentOf(pid) {
	try {
		return /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
	} catch {
		return undefined;
	}
}

if (process.env.npm_lifecycle_event !== undefined) {
	const first = ancestors();
	const timer = setInterval(() => {
		if (ancestors() === first) return;
		clearInterval(timer);
		process.kill(process.pid, 'SIGTERM');
	}, POLL_MS);
	timer.unref();
}
