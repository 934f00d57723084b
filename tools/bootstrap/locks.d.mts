/** The part of a package lock that the comparison looks at. */
export interface PackageLock {
	packages?: Record<string, Record<string, unknown>>;
}
export function lockAgrees(lock?: PackageLock, installed?: PackageLock): boolean;
export function withLock<T>(
	file: string,
	onWait: () => void,
	work: (holdFor: (pid: number) => void) => Promise<T>,
): Promise<T>;
