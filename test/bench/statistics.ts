/** The value below which this part of the sample lies (nearest rank); NaN for an empty sample. */
export function percentile(sample: readonly number[], part: number): number {
	const sorted = [...sample].sort((a, b) => a - b);
	return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

/** The middle of a sample. */
export function median(sample: readonly number[]): number {
	return percentile(sample, 0.5);
}
