import { readFileSync } from 'node:fs';

const SAMPLE_MS = 20;

/** Resident memory of the n8n process itself, without its task runner, in MiB. */
export function residentMb(pid: number): number {
	const status = readFileSync(`/proc/${pid}/status`, 'utf8');
	return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** Samples the memory until told to stop; then gives the highest, in MiB. */
export function watchPeak(pid: number): { stop(): number } {
	let peakMb = residentMb(pid);
	const timer = setInterval(() => {
		peakMb = Math.max(peakMb, residentMb(pid));
	}, SAMPLE_MS);
	return {
		stop: () => {
			clearInterval(timer);
			return peakMb;
		},
	};
}
