import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** One running process, as far as counting memory needs it. */
export interface ProcessRow {
	pid: number;
	parent: number;
	rssBytes: number;
}

function fromProc(pid: string): ProcessRow[] {
	try {
		const status = readFileSync(`/proc/${pid}/status`, 'utf8');
		const field = (name: string) =>
			Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
		return [{ pid: Number(pid), parent: field('PPid'), rssBytes: field('VmRSS') * 1024 }];
	} catch {
		// It ended between being listed and being read.
		return [];
	}
}

function fromPs(): ProcessRow[] {
	const listing = execFileSync('ps', ['-axo', 'pid=,ppid=,rss='], { encoding: 'utf8' });
	return listing
		.trim()
		.split('\n')
		.map((line) => line.trim().split(/\s+/).map(Number))
		.map(([pid = 0, parent = 0, rss = 0]) => ({ pid, parent, rssBytes: rss * 1024 }));
}

/** All processes of this machine: from /proc where there is one, else from `ps`. */
export function processTable(): ProcessRow[] {
	if (!existsSync('/proc/self/status')) return fromPs();
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.flatMap(fromProc);
}
