import { readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 500;
/** A lock file without a process id in it is one that is just being written. */
const BEING_WRITTEN_MS = 5_000;

/**
 * Compares what npm installed (`node_modules/.package-lock.json`, which npm writes last) with the
 * lock file. Packages for other systems may be missing; anything else must be the same.
 */
export function lockAgrees(lock, installed) {
	const wanted = Object.entries(lock?.packages ?? {}).filter(([path]) => path !== '');
	const present = installed?.packages;
	if (wanted.length === 0 || present === undefined) return false;
	return (
		wanted.every(([path, entry]) => path in present || mayBeMissing(entry)) &&
		Object.entries(present).every(([path, entry]) => sameEntry(entry, lock.packages[path]))
	);
}

function mayBeMissing(entry) {
	return Boolean(
		entry.optional || entry.devOptional || entry.peer || entry.os || entry.cpu || entry.libc,
	);
}

function sameEntry(a, b) {
	return b !== undefined && a.version === b.version && a.integrity === b.integrity;
}

/** Runs `work` while no other process of this machine holds the lock file. */
export async function withLock(file, onWait, work) {
	let waited = false;
	while (!take(file)) {
		if (!waited) onWait();
		waited = true;
		await delay(POLL_MS);
	}
	try {
		return await work((pid) => writeFileSync(file, `${process.pid}\n${pid}\n`));
	} finally {
		remove(file);
	}
}

function take(file) {
	try {
		writeFileSync(file, `${process.pid}\n`, { flag: 'wx' });
		return true;
	} catch (error) {
		if (error.code !== 'EEXIST') throw error;
		if (isHeld(file)) return false;
		remove(file);
		return take(file);
	}
}

function isHeld(file) {
	try {
		const pids = readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number);
		if (pids.length === 0) return Date.now() - statSync(file).mtimeMs < BEING_WRITTEN_MS;
		return pids.some(isAlive);
	} catch {
		return false;
	}
}

function isAlive(pid) {
	try {
		process.kill(pid, 0);
		return !isZombie(pid);
	} catch (error) {
		return error.code === 'EPERM';
	}
}

/** A process that has ended, in a container where nobody takes note of it. */
function isZombie(pid) {
	try {
		return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
}

function remove(file) {
	try {
		unlinkSync(file);
	} catch {
		// Somebody else removed it.
	}
}
